"""The tables of the journal: one class for each subject, over one SQLite file. Records come in and
go out; nothing outside this folder speaks SQL. ``planning/journal`` puts the subjects together.
"""
