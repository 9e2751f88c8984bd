"""Reading and writing the pose formats of other tools, one module a format."""
