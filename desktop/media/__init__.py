"""Sound files: decoding, cutting, encoding."""
