"""Words on pictures: subtitles, fonts and line breaks. Subtitle files and captions come in, in any
format and encoding; cues, clean ASS scripts and drawn pictures go out, with fonts chosen and lines
broken by the rules of the script they are written in. May use the shot list's records and media;
makes no video.
"""
