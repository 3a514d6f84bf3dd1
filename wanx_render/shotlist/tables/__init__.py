"""One list that stands for many: the table, its rows, and the values they fill in. YAML and tables
come in, mappings with their places go out; nothing here knows what a shot is.
"""
