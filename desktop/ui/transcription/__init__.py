"""The transcription page: recordings in, the queue, what is made of them."""
