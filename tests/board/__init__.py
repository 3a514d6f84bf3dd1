"""Tests of wanx_render.board: the application, its page and the room behind it."""
