"""What editing programs open: a deliverable as a timeline.
A manifest comes in, the text of one of the formats goes out. ``media_facts`` alone reads files:
what those are that a timeline names. Nothing is written here.
"""
