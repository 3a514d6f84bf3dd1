"""The live page of a list: what it shows, how a browser follows it, who may ask, and what one may
do there. Plan, journal and manifest come in; JSON, an event stream and choices go out. May use
everything below; the command that starts it is above.
"""
