"""What a command does, once its options are known. A record of options and the environment come in,
an exit code goes out; results go to stdout, messages to stderr. May use every room below; knows no
command line, whose ``--help`` and completion need none of it.
"""
