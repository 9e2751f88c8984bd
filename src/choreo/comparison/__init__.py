"""Stage `comparison`: quality of each track, Table 1 and Figure 2."""
