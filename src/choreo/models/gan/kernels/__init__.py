"""The same networks, computed faster. They round otherwise, and nothing else differs.

All of them stand behind one switch of the recipe, ``kernels``. The plain networks beside
this package are the reference that tests compare with. `winograd`, `recurrence` and `folded`
are for a CPU, `captured` is for a GPU, `frozen_stgcn` for both.
"""
