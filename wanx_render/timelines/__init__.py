"""What editing programs open: a deliverable as a timeline.
A manifest comes in, the text of one of the formats goes out. Nothing is read or written here.
"""
