"""Tests of wanx_render.validation: loading a list, its rules, the doctor."""
