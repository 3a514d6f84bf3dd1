"""The catalog as people see it: all models, one of them, two side by side, and what is in doubt."""
