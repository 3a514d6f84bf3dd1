"""The fault plan: which request is spoilt, at which stage, and how.

In: faults as people write them, requests as the plan sees them, true answers. Out: the fault that
strikes, and the answer it leaves. One table, ``effects``, has everything that a fault can do. Uses
``wire``; of the service it knows only what an exchange shows.
"""
