"""The embedded local server: a process of its own, seen by the rest only as a base URL."""
