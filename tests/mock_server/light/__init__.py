"""Tests of the light package: how it is built, installed and used."""
