"""The live page: what is shown, how it is followed, and who may ask."""
