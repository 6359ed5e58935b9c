"""One kept conversation, to be read: its text, its hits, its parts and its figures."""
