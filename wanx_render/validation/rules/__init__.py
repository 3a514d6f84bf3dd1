"""Rules, each about one thing that a list may ask for.

In: the scene. Out: what is wrong with it, or worth a warning.
"""
