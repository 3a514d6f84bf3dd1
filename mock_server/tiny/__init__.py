"""Tiny clips: real MP4 files in milliseconds, written without any other program.

In: the size, rate and length of a clip, and a picture. Out: the bytes of a file whose picture is a
mosaic of the first frame and stands still. Knows nothing of accounts, tasks or HTTP.
"""
