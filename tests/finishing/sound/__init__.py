"""Tests of wanx_render.finishing.sound: the grid, its parts, and what they are together."""
