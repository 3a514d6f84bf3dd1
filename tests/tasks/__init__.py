"""Tests of wanx_render.tasks: what happens at the service, with money."""
