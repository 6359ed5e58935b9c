"""The settings page and the profiles."""
