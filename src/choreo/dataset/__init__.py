"""Stage `dataset`: normalised 5-second chunks of pose and audio in one packed file."""
