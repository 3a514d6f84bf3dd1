"""Connections to a service: requests go in, answers with a stream of bytes come out. Uses httpx and
what it is built of, over asyncio's own streams; knows no service, no key and no clock.
"""
