"""Whether two pictures show the same thing. A first frame may be moved, zoomed and turned a little,
stretched by a few pixels, compressed, and shifted in colour. So the picture is laid over the frame,
its colours are fitted within narrow bounds, and the rest of the difference is measured spot by
spot. One spot that differs is enough against ``same``: two products may differ in nothing but a
label. Pictures come in, a verdict goes out; ``comparison`` is the way in.
"""
