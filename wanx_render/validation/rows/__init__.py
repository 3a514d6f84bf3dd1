"""The rows of a table, checked side by side: what several of them have in common is done once.

In: the list as written, and what it becomes in each row. Out: its parts, and what rules say of
them.
"""
