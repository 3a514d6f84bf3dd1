"""Clips to segments, segments to deliverables. Paths and plain data come in; ffmpeg arguments,
files and what decoding them showed go out. The calls that make files are in ``jobs``, everything
they need in pure functions beside it. May use captions, the shot list's records and media; knows no
plan, no task and no money.
"""
