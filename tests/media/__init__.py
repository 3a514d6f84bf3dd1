"""Tests of wanx_render.media: pictures, sound files, ffmpeg, codecs, colours and labels."""
