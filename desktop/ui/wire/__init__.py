"""The wire dock: every call to a server as it was sent and answered, to be read, copied, repeated and compared."""
