"""Subtitles: transcripts as files of the usual forms and back, and the rules that make them readable."""
