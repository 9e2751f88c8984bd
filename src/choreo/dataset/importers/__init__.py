"""Readers of pose datasets that others have made; each module says what it reads."""
