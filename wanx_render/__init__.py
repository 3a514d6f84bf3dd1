"""What every room uses: errors, money, time, sizes, files, and records that rooms exchange. The
modules of the package itself are the ground: they import one another and nothing above. Only
``cli`` and ``__main__`` are the command line, above all rooms.
"""
