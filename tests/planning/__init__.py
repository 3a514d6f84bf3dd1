"""Tests of wanx_render.planning: plan, journal, takes and their standing."""
