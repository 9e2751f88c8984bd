"""Stage `videos`: from any source to one upright, constant-frame-rate mp4 and its 16 kHz song."""
