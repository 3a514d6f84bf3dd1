"""One file for each verb of the command line, and nothing else: options in, exit code out. What a
verb does stands in ``session`` and below.
"""
