"""The wire: one client, one module per endpoint family."""
