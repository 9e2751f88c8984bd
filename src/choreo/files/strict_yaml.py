"""YAML in which no key is given twice, no number is another, and nothing unfolds to far more."""

from __future__ import annotations

import re
from typing import Any

import yaml

_MAX_DEPTH = 40
MAX_NODES = 100_000
"""Entries of a file with all its aliases unfolded; the shipped recipes have some hundreds."""


class DuplicateKey(yaml.YAMLError):
    """A key that is given twice, of which YAML would keep the last."""


class OtherNumber(yaml.YAMLError):
    """A number of which YAML makes another: 010 is 8, 1:30 is 90."""


def load_yaml(text: str) -> Any:
    """Read YAML in which no key may be given twice.

    Raises
    ------
    DuplicateKey, OtherNumber, yaml.YAMLError
    """
    return yaml.load(text, _UniqueKeys)


class _UniqueKeys(yaml.SafeLoader):
    """YAML that refuses a key given twice; merging another mapping with ``<<`` is allowed.

    Also what is nested deeply, and what unfolds by aliases to far more than it holds.
    """

    def compose_node(self, parent, index):
        depth, self._depth = getattr(self, "_depth", 0), getattr(self, "_depth", 0) + 1
        if self._depth > _MAX_DEPTH:
            raise yaml.YAMLError(f"nested deeper than {_MAX_DEPTH} levels")
        # Before all of it is in memory: a list of numbers takes 400 times its text.
        self._count = getattr(self, "_count", 0) + 1
        if self._count > MAX_NODES:
            raise yaml.YAMLError(f"more than {MAX_NODES} entries")
        alias = self.check_event(yaml.AliasEvent)
        node = super().compose_node(parent, index)
        self._depth = depth
        sizes = self.__dict__.setdefault("_sizes", {})
        if not alias:
            parts = node.value if isinstance(node, yaml.CollectionNode) else []
            if isinstance(node, yaml.MappingNode):
                parts = [part for pair in parts for part in pair]
            sizes[id(node)] = 1 + sum(sizes.get(id(part), MAX_NODES) for part in parts)
        # What holds itself has no size yet.
        if sizes.get(id(node), MAX_NODES + 1) > MAX_NODES:
            raise yaml.YAMLError(f"it unfolds to more than {MAX_NODES} entries")
        return node

    def construct_document(self, node):
        try:
            return super().construct_document(node)
        except (ValueError, LookupError, AttributeError, TypeError) as error:
            # Such as of a number of a million digits, or what is no number and marked as one.
            raise yaml.YAMLError(str(error)) from error

    def construct_number(self, node):
        integer = node.tag == "tag:yaml.org,2002:int"
        value = (super().construct_yaml_int if integer else super().construct_yaml_float)(node)
        if re.fullmatch(r"[-+]?0[0-9_]+|.*:.*", node.value):
            raise OtherNumber(
                f"YAML reads {node.value} in line {node.start_mark.line + 1} as the number {value}"
            )
        return value

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge" or not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                line = key.start_mark.line + 1
                raise DuplicateKey(f"key {key.value!r} is given twice, again in line {line}")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


for _kind in ("int", "float"):
    _UniqueKeys.add_constructor(f"tag:yaml.org,2002:{_kind}", _UniqueKeys.construct_number)
