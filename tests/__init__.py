"""Tests, in folders that mirror the rooms; what they are written with stands in support."""
