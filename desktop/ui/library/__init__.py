"""The library page: everything that is kept, found, ordered and read again."""
