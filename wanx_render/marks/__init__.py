"""Measurable faults of clips: small frames and sound of a clip in, marks out. A mark is a notice
for people; it stops nothing. Knows media and the record of a mark, never a task or a shot.
"""
