"""Resampling, intervals and tests."""
