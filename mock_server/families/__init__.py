"""Families of models that the catalog of the program does not have, by data alone.

In: ``families.yaml``, which names the path, the models, the required fields and the answer of each.
Out: a catalog that has these models too, requests read from their bodies, and answers of their
shape. Their clips and pictures are those of the catalog's models that they are ``like``.
"""
