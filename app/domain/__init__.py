"""Nouns: what an on-call team talks about, as frozen values without any I/O."""
