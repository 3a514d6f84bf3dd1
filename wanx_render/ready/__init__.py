"""What is printed without running the program: help pages and the completions of shells.

A command line and the environment come in, a text goes out. It uses the ground only.
"""
