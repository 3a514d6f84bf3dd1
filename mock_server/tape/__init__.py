"""Record and replay: what a client and a service said to each other, as a file without secrets.

In: a client's requests, and a service to pass them on to, or a cassette to answer them from. Out:
a cassette, answers, and where a cassette differs from the emulator. Uses ``web`` for its sockets
and as the emulator to compare with; nothing below knows of it.
"""
