"""What a whole study holds."""
