"""What a user can do: one module per feature, joining the wire, the archive and the rules."""
