"""Tests of wanx_render.shotlist: the model of a list, tables, rows, picks, schema."""
