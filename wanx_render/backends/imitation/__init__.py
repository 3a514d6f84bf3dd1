"""What the service makes of a request, imitated for the mock and for the emulator.

In: requests and the catalog. Out: refusals, sizes and seconds of what is made, usage, clips and
pictures. Nothing here knows of accounts, clocks or a network.
"""
