"""Files of pictures, video and sound: what they are, what their tags say, how they are decoded.
``ffmpeg`` is the only module of the program that starts processes. May use the ground only.
"""
