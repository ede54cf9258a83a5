"""A small real shop of several processes that really breaks, for game days and drills."""
