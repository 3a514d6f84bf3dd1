"""Tests of wanx_render.catalog: models, prices, result hosts, sizes of platforms."""
