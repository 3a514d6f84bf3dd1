"""An HTTP emulator of DashScope's video synthesis, around the program's own simulator."""
