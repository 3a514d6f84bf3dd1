"""The emulated service: accounts with their tasks, uploads, limits, clocks and clips. No HTTP here.

In: calls of an account, and what a fault changes about them. Out: states, files, errors of
``wire``; the log of requests and the ledger of charges for tests. Uses ``faults`` and ``wire``.
"""
