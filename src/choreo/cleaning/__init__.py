"""Stage `cleaning`: misdetections found and repaired (thesis section 3.3)."""
