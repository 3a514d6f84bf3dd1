"""The service over HTTP: the API, the admin side, the page and the sockets.

In: requests. Out: answers, spoilt where a fault strikes, each in the request log before it is sent.
Uses the ``service``, its ``faults`` and the ``wire`` formats; nothing of it starts by itself.
"""
