"""The settings' archive section: its place, its copies, what fills it, and its end."""
