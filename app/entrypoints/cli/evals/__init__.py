"""`sitrep eval`: measures Sitrep on cases of your own, one module a capability."""
