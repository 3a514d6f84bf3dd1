"""Files of pictures, video and sound, and the only door to ffmpeg. What a file is, what its tags
say and how it is decoded; ``ffmpeg`` is the only module of the program that starts processes. May
use the ground only.
"""
