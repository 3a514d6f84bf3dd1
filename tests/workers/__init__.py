"""Tests of wanx_render.workers: where encoding runs and where files lie."""
