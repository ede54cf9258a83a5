"""Tests of the model adapter, against a real server on loopback."""
