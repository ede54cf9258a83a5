"""Verbs: everything Sitrep can do, decided from domain values and done through ports."""
