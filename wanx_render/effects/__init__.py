"""What is done to finished pictures: overlays, looks and fades.

In: what a list says of them, and sizes and rates. Out: plain data, the files that ffmpeg reads, and
the part of a graph that uses them.
"""
