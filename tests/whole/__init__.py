"""Tests of the whole program under kills, faults and drift; samples of tests/proofs."""
