"""The service's own formats, and what each of them rests on.

In: bytes and queries of requests, states of tasks. Out: requests that can be simulated, answers as
the service writes them, signatures, the errors that end a call. Uses the simulator's types and the
catalog of wanx_render, and nothing else of this package.
"""
