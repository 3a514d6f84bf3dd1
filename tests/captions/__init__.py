"""Tests of wanx_render.captions: words drawn on the picture."""
