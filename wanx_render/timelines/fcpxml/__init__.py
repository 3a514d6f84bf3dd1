"""Final Cut Pro's XML, version 1.10: ``document`` has a timeline as the text of a file.
The other modules each make one kind of element; nothing is read or written here.
"""
