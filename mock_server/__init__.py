"""An HTTP emulator of DashScope's image-to-video service, around the program's own simulator.

Modules of this folder are what people start or import: ``serve``, ``testing``, ``pytest_plugin``,
``inprocess``, ``coverage``. Below them, from top to bottom: ``web``, ``service``, ``scenarios``,
``faults``, ``wire``, ``tiny``; each uses only those below it. ``light`` builds a small package of
all this.
"""
