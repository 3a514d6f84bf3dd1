"""Tests of the project itself: layers, docs, examples, and the search for keys."""
