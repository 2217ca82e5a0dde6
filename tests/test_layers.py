"""Data flows one way through the package, and what is heavy stays where it belongs."""

import ast
from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import agonist

_ROOT = Path(agonist.__file__).parent
_FILES = sorted(_ROOT.rglob("*.py"))


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below but those that only the type checker sees."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"):
            yield child
            yield from _executed(child)


def _imports(file: Path) -> set[str]:
    nodes = list(_executed(ast.parse(file.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def _part(file: Path) -> str:
    """The folder or module of the package that a file is in."""
    return _named(file.relative_to(_ROOT).with_suffix("").parts)


def _named(path: Sequence[str]) -> str:
    # A format's module may know bones, and the map of bones is written by the same module that all files are written by.
    return ".".join(path[: 2 if path[0] == "io" else 1])


def test_no_two_parts_import_each_other_not_even_by_way_of_others():
    graph: dict[str, set[str]] = {}
    for file in _FILES:
        used = {_named(name.split(".")[1:]) for name in _imports(file) if name.startswith("agonist.")}
        graph.setdefault(_part(file), set()).update(used - {_part(file)})
    order = list(TopologicalSorter(graph).static_order())
    assert order.index("corpus") < order.index("training") < order.index("evaluation") < order.index("cli")


@pytest.mark.parametrize(("package", "places"), [("bpy", set()), ("torch", {"networks", "training"})])
def test_what_is_heavy_is_imported_only_where_it_belongs(package, places):
    found = {_part(file) for file in _FILES if any(name.split(".")[0] == package for name in _imports(file))}
    assert found <= places
