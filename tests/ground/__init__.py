"""Tests of the modules at the root of wanx_render: values, time, money, files."""
