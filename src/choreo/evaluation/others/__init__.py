"""Dances that Choreo did not make, measured as papers publish it and as it should be."""
