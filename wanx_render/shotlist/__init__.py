"""What users write, as frozen records: the list, its tables and picks, the schema. YAML values come
in; records, or problems with their places, go out. What needs a catalog or a file is checked in
``validation``.
"""
