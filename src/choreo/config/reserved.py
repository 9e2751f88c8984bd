"""Names of rows that no model may have. Imported while the DAG is built: nothing heavy."""

BOUNDS = {
    "other_music": "Real, another song's music",
    "shifted": "Real, half a beat late",
    "frozen": "Frozen first pose",
    "mean_pose": "Mean training pose",
    "noise": "Noise",
    "retrieval": "Training clip with the nearest music",
}
"""Bounding rows and what people see, in the tables' order after the held-out real row."""

RESERVED = {"real": "Real dances", **BOUNDS}
"""Rows of Table 2x that are no models, and what people see (a test holds them to the tables)."""

REMEDY = f"Call it something else than {', '.join(RESERVED)}"


def is_reserved(name):
    """Tell whether a model of this name would be taken for another row of the tables."""
    taken = {text.casefold() for row in RESERVED.items() for text in row}
    return name.casefold() in taken
