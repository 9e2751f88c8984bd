"""`python -m choreo.config`: write the table of settings and the schema."""

import json
from pathlib import Path

from pydantic import BaseModel

from choreo.config import COLUMNS, Config, Row
from choreo.files import write_text


def settings_markdown():
    """The settings of a study as Markdown tables, made from the models of this package."""
    lines = []

    def section(model, title, prefix):
        lines.extend([f"### {title}", "", "| setting | default | meaning |", "| --- | --- | --- |"])
        nested = []
        for name, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                nested.append((field.annotation, f"{prefix}{name}"))
                continue
            default = "required" if field.is_required() else f"`{json.dumps(field.default)}`"
            lines.append(f"| `{prefix}{name}` | {default} | {field.description} |")
        lines.append("")
        for child, key in nested:
            section(child, f"`{key}`: {child.__doc__}", f"{key}.")

    section(Config, "The study", "")
    lines.extend(["### The videos table", "", "| column | meaning |", "| --- | --- |"])
    lines += [f"| `{name}` | {Row.model_fields[name].description} |" for name in COLUMNS]
    return "\n".join(lines) + "\n"


MARK = "<!-- made by `python -m choreo.config`; what is below is written over -->\n"


def main(root="."):
    """Write the schema and the settings tables of ``config/README.md`` under `root`."""
    schemas = Path(root) / "workflow" / "schemas"
    for name, model in (("config", Config), ("videos", Row)):
        schema = model.model_json_schema(mode="validation")
        schema.get("properties", {}).pop("line", None)
        if "line" in schema.get("required", []):
            schema["required"].remove("line")
        write_text(schemas / f"{name}.schema.json", json.dumps(schema, indent=2) + "\n")
    readme = Path(root) / "config" / "README.md"
    head = readme.read_text(encoding="utf-8").split(MARK)[0]
    write_text(readme, head + MARK + "\n" + settings_markdown())


if __name__ == "__main__":
    main()
