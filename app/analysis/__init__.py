"""Numbers: pure functions over arrays, without I/O."""
