"""What a run will request, and what is already there. A checked list comes in; a ``Plan`` of takes
with prices, the status of each by the journal, and a forecast go out. ``journal`` is the only truth
about tasks; only its tables in ``sql`` speak SQL. ``sending`` is what goes with requests. Sends
nothing.
"""
