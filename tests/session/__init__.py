"""Tests of wanx_render.session: one run over one list or many."""
