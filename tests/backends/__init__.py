"""Tests of wanx_render.backends: the service, its wire, the mock and the simulator."""
