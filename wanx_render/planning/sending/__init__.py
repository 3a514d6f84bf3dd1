"""What goes with requests. Pictures and clips come in as a list names them; how they are prepared,
the files of what is sent, and what was sent of those that are kept go out.
"""
