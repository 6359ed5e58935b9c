"""What is kept: the archive, the settings, the keys."""
