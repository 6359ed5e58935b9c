"""Conversations from elsewhere: what a file is, its conversations one by one, and the run that takes them in."""
