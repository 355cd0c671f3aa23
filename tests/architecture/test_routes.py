"""Routes translate: each calls what does the work, and is short enough to be read at a glance."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROUTES = Path(__file__).resolve().parents[2] / "gateway" / "routes"
MOST_LINES = 15
METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


def operations() -> Iterator[tuple[str, Function]]:
    for path in sorted(ROUTES.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, Function) and any(map(declares_operation, node.decorator_list)):
                yield f"{path.stem}.{node.name}", node


def declares_operation(decorator: ast.expr) -> bool:
    return (
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in METHODS
    )


def body_lines(node: Function) -> int:
    """Count the lines of a function without its signature and docstring."""
    statements = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (node.end_lineno or 0) - statements[0].lineno + 1 if statements else 0


OPERATIONS = dict(operations())


def test_operations_are_found_when_routes_are_read() -> None:
    assert len(OPERATIONS) > 40


@pytest.mark.parametrize("name", OPERATIONS)
def test_route_is_short_when_its_body_is_counted(name: str) -> None:
    assert body_lines(OPERATIONS[name]) <= MOST_LINES
