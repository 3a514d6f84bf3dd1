"""What a client is sent: the films as small proxies on one page, and the comments that come back.
A manifest goes in, one HTML or zip file under a given size comes out; a file of comments is read
and merged. Uses reports for pictures and pages, and ffmpeg through media.
"""
