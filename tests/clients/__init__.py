"""Clients that nobody here wrote, run against the emulator.

To add one: an entry in roster.py with exact versions, a small program in programs/ that does the
whole flow and prints how it ended, and a title in page.yaml. Then `uv run python -m tests.clients
NAME` writes outcomes.json; look at it, and run `uv run python -m tests.regenerate` for the page.
"""
