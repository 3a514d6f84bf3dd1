"""One file for each verb of the command line: its options, and a function that hands them on; what
several share is in ``options``. Words of the command line come in, an exit code goes out. What a
verb does is in ``actions``, ``session`` and below, and imported when it is called: ``--help`` and
completion need none of it.
"""
