"""Runbooks and past incidents, over the retrieval library."""
