"""A film's file: written from checked segments and sound as they come, and read at the end."""
