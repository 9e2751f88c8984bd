"""Stage `evaluation`: distances, beats and Table 2."""
