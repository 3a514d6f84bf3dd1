"""A draft for Jianying (剪映) or CapCut: a folder that the program opens as one of its own.

A timeline comes in; the texts of the folder's files go out, with the list of media it must hold.
Nothing is read or written here.
"""
