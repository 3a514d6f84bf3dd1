"""Boxes of mp4 and mov files: the tables of samples read, and written again for a joined file."""
