"""The live page of a list: what it shows, who may see it, and what one can do there. Plan, journal
and manifest come in; JSON, an event stream and choices go out. May use everything below; the
command that starts it is above.
"""
