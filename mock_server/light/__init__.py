"""The light package of the emulator: what it is called, and how it is built from a checkout.

In: this tree. Out: the wheel ``wanx-mock-server``, which has the emulator and what it imports of
``wanx_render`` under names of its own, so that both packages can be installed side by side. Uses
nothing of the other rooms; ``python -m mock_server.light FOLDER`` writes the wheel.
"""
