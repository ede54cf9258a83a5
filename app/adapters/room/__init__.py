"""A chat that is not there: for the command line."""
