"""Tests of wanx_render.run: the orchestrator, the finisher, layout and results."""
