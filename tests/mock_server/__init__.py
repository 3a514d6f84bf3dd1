"""Tests of the emulator: what it answers, its faults, its page and its plugin."""
