"""The report that people open: one page on what a study found, with its dances."""
