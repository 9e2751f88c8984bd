"""`python -m choreo.config`: write the table of settings and the schema."""

from choreo.config import main

main()
