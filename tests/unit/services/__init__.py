"""Each verb with fakes around it and a real store below."""
