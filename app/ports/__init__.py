"""What the services need from the outside world, one protocol a file."""
