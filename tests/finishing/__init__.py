"""Tests of wanx_render.finishing: segments, timeline, sound, stills and checks."""
