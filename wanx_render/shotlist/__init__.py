"""What users write, as frozen records: the shot list, its tables, variables and rows, choices in
picks files, and the JSON Schema made of them. YAML values come in; records, or problems with their
places, go out. What needs a catalog or a file is checked in ``validation``.
"""
