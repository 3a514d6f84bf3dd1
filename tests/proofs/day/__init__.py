"""A whole day of a shop, run on virtual time against an emulator in a process of its own.

``shop`` writes the tables, ``emulator`` is the service, ``client`` the program at one account,
``judge`` compares plan, ledger, journals and files, and ``__main__`` starts, kills and prints.
"""
