"""Tests of wanx_render.timelines."""
