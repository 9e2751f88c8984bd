"""Stage `dances`: dances of any length from any song."""
