"""The code that a rule depends on, as one digest among its parameters.

Snakemake compares a rule's parameters with those that its outputs were made with. A digest
of the code among them makes an edit rerun what uses the edited code, and nothing else.

What a script uses is followed from definition to definition: a function, class or constant
of the package counts where something that counts names it. So an edit of one function of a
module reruns the rules that reach that function, not those that need another one beside it.
Of each definition counts what decides an output, also what its imported names mean. These do
not: comments, docstrings, layout, annotations of functions, the words of errors, and what is
printed.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

from choreo.errors import AccidentError
from choreo.files import write_json

PACKAGE = Path(__file__).parents[1]
NAME = PACKAGE.name

_EFFECTS = ""
"""In the place of a definition's name: the statements of a module that run when it is imported."""

UNCOUNTED = frozenset(
    f"{NAME}{module}"
    for module in (
        f":{_EFFECTS}",  # how threads wait for one another, and what ends a job
        ".config.limits",  # words of a setting out of bounds
        ".errors",
        ".files.locks",
        ".files.outside:reading",
        ".files.outside:missing",
        ".files.temporary",
        ".gpus",
        ".pipeline.digest",
        ".pipeline.jobs",
        ".pipeline.memory",
        ".training.progress",
    )
)
"""Modules, or definitions of one, that decide whether a job may go on and what it says, but no
value that it writes."""

REGISTERS = {f"{NAME}.models:FAMILIES", f"{NAME}.models.music_features:FEATURES"}
"""A line more in them is no other family or feature: what they name counts, they do not."""

_WORDS = {"remedy", "what"}
"""Keyword arguments that only say something."""


def digest(script, *modules):
    """Digest of the code that a script depends on.

    Parameters
    ----------
    script : str or Path or None
    *modules : str
        What it uses besides, found by name while it runs, such as a model family's
        ``choreo.models.gan``, each whole.

    Returns
    -------
    str
        Hexadecimal, 16 digits.
    """
    found = hashlib.sha256()
    for path in _scripts(script, modules):
        found.update(_dump(_parse(path)).encode())
    for module, name in sorted(_closure(script, modules)):
        found.update(f"\n{module}:{name}\n".encode())
        for node in _module(module).nodes(name):
            found.update(_dumped(node).encode())
            found.update(repr(_module(module).bound(node)).encode())
    return found.hexdigest()[:16]


class Digests:
    """Digests of scripts, kept in a file as long as no file of the package has changed.

    To follow the code of all rules takes seconds, and every plan asks for it.

    Parameters
    ----------
    kept : str or Path
        Where they are kept. Where it can't be written nothing is.
    """

    def __init__(self, kept):
        self._kept = Path(kept)
        self._stamp = self._found = None

    def __call__(self, script, *modules):
        """As `digest`."""
        if self._found is None:
            self._stamp = _stamp(PACKAGE)
            self._found = self._read()
        stamps = [_stamp(path) for path in _scripts(script, modules)]
        key = " ".join([Path(script).name, *stamps, *modules])
        if key not in self._found:
            self._found[key] = digest(script, *modules)
            self._write()
        return self._found[key]

    def _read(self):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            kept = json.loads(self._kept.read_bytes())
            if kept["package"] == self._stamp:
                return {str(key): str(value) for key, value in kept["digests"].items()}
        return {}

    def _write(self):
        with contextlib.suppress(OSError, AccidentError):
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._kept, {"package": self._stamp, "digests": self._found})


def _stamp(path):
    """What changes when a file, or one in a folder, is edited; a copy elsewhere has the same."""
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    states = []
    for file in files:
        state = file.stat()
        states.append((file.relative_to(path).as_posix(), state.st_size, state.st_mtime_ns))
    return hashlib.sha256(repr((sys.version_info, states)).encode()).hexdigest()[:16]


def uses(script: str | Path | None, *modules: str) -> dict[str, list[str]]:
    """What of the package a script depends on.

    Parameters
    ----------
    script, *modules
        As of `digest`.

    Returns
    -------
    dict of str to list of str
        Names of definitions, sorted, by module. `<import>` stands for what a module does
        when it is imported.
    """
    found: dict[str, list[str]] = {}
    for module, name in sorted(_closure(script, modules)):
        found.setdefault(module, []).append(name or "<import>")
    return found


def _scripts(script, modules):
    """The script, and the files of modules of others, such as a family of one's own."""
    found = [Path(script)] if script else []
    for module in modules:
        if not _file(module):
            origin = Path(importlib.util.find_spec(module).origin)
            # A package counts whole.
            package = origin.name == "__init__.py"
            found += sorted(origin.parent.rglob("*.py")) if package else [origin]
    return found


def _closure(script, modules):
    """Pairs (module, name of a definition) that a script and modules reach."""
    todo = []
    for path in _scripts(script, modules):
        tree = _parse(path)
        top = _Module(None, tree)
        todo += [pair for node in tree.body for pair in _names(top, node)]
    for module in filter(_file, modules):
        todo += _whole(module)
    seen = set()
    while todo:
        pair = todo.pop()
        module, name = pair
        if pair in seen or UNCOUNTED & {module, f"{module}:{name}"}:
            continue
        seen.add(pair)
        todo.extend(_reached(module, name))
    counted = {pair for pair in seen if ":".join(pair) not in REGISTERS}
    return {(module, name) for module, name in counted if _module(module).nodes(name)}


@functools.cache
def _reached(module, name):
    """What one definition reaches at once."""
    here = _module(module)
    found = {(module, _EFFECTS)}
    # A package's __init__ runs before its modules.
    parts = module.split(".")
    found |= {(".".join(parts[:count]), _EFFECTS) for count in range(1, len(parts))}
    for node in here.nodes(name):
        found |= _names(here, node)
    if name == "__all__":
        for exported in here.exported():
            found |= _resolve(module, exported)
    if name == _EFFECTS:
        # Imported for what the import does, since nothing names them.
        for local, target in here.unnamed_imports():
            # What is exported counts where someone names it.
            exported = local in here.exported() and not _file(".".join(map(str, target)))
            found |= (not exported and _resolve(*target)) or {(target[0], _EFFECTS)}
    return frozenset(found)


def _whole(module):
    here = _module(module)
    return {(module, name) for name in [_EFFECTS, *here.definitions]}


def _resolve(module, name):
    """Definitions that `name` of a module means; all of them where it is itself a module."""
    if name is None:
        return _whole(module)
    if _file(f"{module}.{name}"):
        return _whole(f"{module}.{name}")
    here = _module(module)
    if name in here.definitions:
        return {(module, name)}
    if name in here.imports:
        return _resolve(*here.imports[name])
    return {(module, _EFFECTS)}


def _names(here, node):
    """Definitions of the package that a node names; `here` is the module that it stands in."""
    visitor = _Names(here, node)
    visitor.visit(node)
    return visitor.found


class _Names(ast.NodeVisitor):
    def __init__(self, here, node):
        self.here = here
        self.found = set()
        # One name may be imported in several branches.
        self.imports = {name: {target} for name, target in here.imports.items()}
        for inner in ast.walk(node):
            if isinstance(inner, (ast.Import, ast.ImportFrom)):
                for name, target in _imported(inner).items():
                    self.imports.setdefault(name, set()).add(target)

    def visit_Import(self, node):
        pass  # what it brings counts where it is named

    visit_ImportFrom = visit_Import

    def visit_Name(self, node):
        self._named(node.id, ())

    def visit_Attribute(self, node):
        chain, base = [], node
        while isinstance(base, ast.Attribute):
            chain.append(base.attr)
            base = base.value
        if isinstance(base, ast.Name) and base.id in self.imports:
            self._named(base.id, tuple(reversed(chain)))
        else:
            self.generic_visit(node)

    def _named(self, name, chain):
        if name not in self.imports:
            if name in self.here.definitions and self.here.name:
                self.found.add((self.here.name, name))
            return
        for module, symbol in self.imports[name]:
            rest = list(chain)
            if symbol is not None and _file(f"{module}.{symbol}"):
                module, symbol = f"{module}.{symbol}", None
            if symbol is None:
                while rest and _file(f"{module}.{rest[0]}"):
                    module = f"{module}.{rest.pop(0)}"
                symbol = rest[0] if rest else None
            self.found |= _resolve(module, symbol)

    def visit_FunctionDef(self, node):
        for part in (*node.decorator_list, node.args, *node.body):
            self.visit(part)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_arg(self, node):
        pass  # an annotation

    def visit_keyword(self, node):
        if node.arg not in _WORDS:
            self.visit(node.value)

    def visit_Raise(self, node):
        # Of what is raised its kind counts, not its words.
        if isinstance(node.exc, ast.Call):
            self.visit(node.exc.func)
        else:
            self.generic_visit(node)

    def visit_Call(self, node):
        if _is_error(node):
            self.visit(node.func)
        elif not _is_print(node):
            self.generic_visit(node)


class _Module:
    """Definitions, imports and other statements at the top level of a module."""

    def __init__(self, name, tree):
        self.name = name
        self.definitions, self.imports, self.effects = {}, {}, []
        self._imported, self._bound = {}, {}
        for node in tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self.imports |= _imported(node)
                source = getattr(node, "module", None) or ""
                for alias in node.names:
                    local = alias.asname or alias.name.partition(".")[0]
                    # Of our own only what the name hides: where a thing lies counts already.
                    if not source.startswith(NAME) or alias.asname:
                        self._imported[local] = (source, alias.name)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.definitions.setdefault(node.name, []).append(node)
                if any(self._is_ours(decorator) for decorator in node.decorator_list):
                    self.effects.append(node)  # entered in a registry
            elif targets := _assigned(node):
                for target in targets:
                    self.definitions.setdefault(target, []).append(node)
            elif not _is_text(node) and not _never_runs(node):
                self.effects.append(node)

    def _is_ours(self, decorator):
        node = decorator.func if isinstance(decorator, ast.Call) else decorator
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and (
            node.id in self.imports or node.id in self.definitions
        )

    def bound(self, node):
        """What the names in a node mean that are imported at the top: (name, module, original)."""
        if node not in self._bound:
            inner = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            self._bound[node] = sorted((n, *self._imported[n]) for n in inner & set(self._imported))
        return self._bound[node]

    def nodes(self, name):
        return self.effects if name == _EFFECTS else self.definitions.get(name, [])

    def unnamed_imports(self):
        """Imports whose names the module never uses: pairs (name, target)."""
        named = getattr(self, "_used", None)
        if named is None:
            nodes = [n for ns in self.definitions.values() for n in ns] + self.effects
            named = self._used = {
                inner.id for n in nodes for inner in ast.walk(n) if isinstance(inner, ast.Name)
            }
        return [pair for pair in self.imports.items() if pair[0] not in named]

    def exported(self):
        """Names in ``__all__``."""
        return {
            inner.value
            for node in self.definitions.get("__all__", [])
            for inner in ast.walk(node)
            if isinstance(inner, ast.Constant)
        }


def _imported(node):
    """Local name -> (module, name in it or None), of imports of this package alone."""
    found = {}
    if isinstance(node, ast.ImportFrom):
        if node.module and not node.level and node.module.split(".")[0] == NAME:
            for alias in node.names:
                found[alias.asname or alias.name] = (node.module, alias.name)
    else:
        for alias in node.names:
            if alias.name.split(".")[0] == NAME:
                found[alias.asname or NAME] = (alias.name if alias.asname else NAME, None)
    return found


def _assigned(node):
    """Names that a statement defines, where that is all it does."""
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    else:
        return []
    flat = [
        part for t in targets for part in (t.elts if isinstance(t, (ast.Tuple, ast.List)) else [t])
    ]
    return [part.id for part in flat] if all(isinstance(p, ast.Name) for p in flat) else []


def _is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _never_runs(node):
    """Whether a statement is for type checkers, or for a module that is run by itself."""
    test = ast.dump(node.test) if isinstance(node, ast.If) else ""
    return "__main__" in test or "TYPE_CHECKING" in test


@functools.cache
def _file(module: str) -> Path | None:
    base = PACKAGE.joinpath(*module.split(".")[1:])
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if module.split(".")[0] == NAME and path.is_file():
            return path
    return None


@functools.cache
def _module(module):
    path = _file(module)
    if path is None:
        raise ModuleNotFoundError(f"no module {module} in {PACKAGE}")
    return _Module(module, _parse(path))


def _parse(path):
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


_dumps: dict[Any, Any] = {}


def _dumped(node):
    if node not in _dumps:
        _dumps[node] = _dump(node)
    return _dumps[node]


def _dump(node):
    """A node as a text without what decides no output."""
    parts = []
    _write(node, parts.append)
    return "".join(parts)


def _write(node, say):
    if isinstance(node, list):
        say("[")
        for item in node:
            _write(item, say)
        say("]")
        return
    if not isinstance(node, ast.AST):
        say(repr(node))
        say(",")
        return
    if _is_print(node):
        return
    if isinstance(node, ast.Raise) or _is_error(node):
        node = _Wordless().visit(copy.deepcopy(node))
    say(type(node).__name__)
    say("(")
    for field in node._fields:
        value = getattr(node, field, None)
        if value is None or value == []:
            continue
        if _says_only(node, field):
            continue
        if field == "body" and isinstance(value, list):
            value = [n for n in value if not _is_text(n)]
        say(field)
        say("=")
        _write(value, say)
    say(")")


def _is_error(node):
    """Whether a node makes an error, to be raised or given back."""
    name = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id
    return bool(name) and name.endswith(("Error", "Accident"))


def _is_print(node):
    call = node.value if isinstance(node, ast.Expr) else node
    return (
        isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print"
    )


def _says_only(node, field):
    """Whether a field of a node decides no output."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return field == "returns"
    if isinstance(node, ast.keyword):
        return field == "value" and node.arg in _WORDS
    return field in ("ctx", "kind") or (isinstance(node, ast.arg) and field == "annotation")


class _Wordless(ast.NodeTransformer):
    """What is raised, without its text."""

    def visit_Constant(self, node):
        return ast.Constant(None) if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node):
        return ast.Constant(None)
