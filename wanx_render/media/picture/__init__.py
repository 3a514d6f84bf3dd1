"""How picture files are opened, converted and written; ``media.images`` is the way in."""
