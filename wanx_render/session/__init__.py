"""One run over 1..n lists: selection, survey, approval, carrying out, summary.

Files and options come in; events, deliverables and an exit code go out. Uses every room below, the
clock and the environment; only commands and the board use it.
"""
