"""The transcript editor: waveform, segments, speakers, subtitle rules, find and replace, text to read."""
