"""Tests of wanx_render.reports: storyboard, terminal, timelines for editors."""
