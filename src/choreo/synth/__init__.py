"""Procedural songs and dancers with ground truth: the demo study."""
