"""Values and rules: no input or output, no Qt, no other package of the application."""
