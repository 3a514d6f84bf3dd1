"""YAML text with its places: what a file holds, where each value stands, and slips of typing in it.

Bytes or text come in; values with their lines and columns go out, or problems at their own signs.
It uses the ground only, and nothing else reads YAML or guesses an encoding.
"""
