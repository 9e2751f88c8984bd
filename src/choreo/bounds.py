"""What settings may be, in the words of a message.

Imported while the DAG is built, so nothing heavy is imported here.
"""


def allowed_numbers(model, location):
    """What a setting of numbers may be, in words.

    Parameters
    ----------
    model : type of pydantic.BaseModel
        The settings.
    location : sequence of str or int
        Where the setting stands in them, as pydantic's errors say it.

    Returns
    -------
    str or None
        None for what is no number, or has no bounds.
    """
    schema = model.model_json_schema(mode="validation")

    def kinds(node):
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        return (
            [kind for part in node["anyOf"] for kind in kinds(part)] if "anyOf" in node else [node]
        )

    nodes = [schema]
    for part in location:
        inside = []
        for node in nodes:
            others = node.get("items", node.get("additionalProperties"))
            inner = node.get("properties", {}).get(part, others)
            inside += kinds(inner) if isinstance(inner, dict) else []
        nodes = inside
    number = next((n for n in nodes if n.get("type") in ("number", "integer")), None)
    if number is None:
        return None
    if "enum" in number:
        return f"Allowed: {', '.join(f'{value:g}' for value in number['enum'])}"
    low = (
        f"above {number['exclusiveMinimum']}"
        if "exclusiveMinimum" in number
        else f"from {number['minimum']}"
        if "minimum" in number
        else ""
    )
    high = (
        f" and below {number['exclusiveMaximum']}"
        if "exclusiveMaximum" in number
        else f" {'and at most' if low.startswith('above') else 'to'} {number['maximum']}"
        if "maximum" in number
        else " up"
    )
    kind = "a whole number" if number["type"] == "integer" else "a number"
    null = ", or null" if any(n.get("type") == "null" for n in nodes) else ""
    return f"Allowed: {kind} {low}{high}{null}" if low else None
