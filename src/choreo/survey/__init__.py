"""The survey with dancers: a page of pairs of dances, and what the answers say (thesis 4.4)."""
