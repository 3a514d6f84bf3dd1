"""Whether a service is as described: probes in, findings out.

A probe is a row of a table. What it may cost is known before it is sent. May use the backends and
the catalogue; it knows nothing of lists, plans and journals.
"""
