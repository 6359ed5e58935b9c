"""Davenport, a desktop client for the OpenAI API."""

__version__ = "0.1.0"
