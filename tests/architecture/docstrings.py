"""Find function docstrings whose first word is not an allowed verb in the imperative."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
NOUNS_ALLOWED = frozenset({"property", "cached_property", "setter"})
"""Decorators of what is read like an attribute: a noun phrase says best what it is."""
ROUTE = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
"""Decorators of route functions: their docstrings are the descriptions in `deploy/openapi.json`."""
FIRST_WORD = re.compile(r"([A-Z][a-z-]+)\b(?! of\b)")
"""Not before "of": there, a word like "Score" is a noun."""


def functions_without_verb(source: str, verbs: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield line and first line of each function docstring in `source` that begins with none of `verbs`."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, FUNCTION) or _is_exempt(node):
            continue
        docstring = ast.get_docstring(node)
        if docstring is None:
            continue
        word = FIRST_WORD.match(docstring)
        if word is None or word[1] not in verbs:
            yield node.lineno, docstring.partition("\n")[0]


def python_files(folder: Path, *, exempt: frozenset[Path]) -> Iterator[Path]:
    """Yield the Python files below `folder`, sorted, without those in an exempt folder or file."""
    for path in sorted(folder.rglob("*.py")):
        if exempt.isdisjoint((path, *path.parents)):
            yield path


def _is_exempt(function: FUNCTION) -> bool:
    for decorator in function.decorator_list:
        called = isinstance(decorator, ast.Call)
        name = decorator.func if isinstance(decorator, ast.Call) else decorator
        last = name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")
        if last in NOUNS_ALLOWED or (called and isinstance(name, ast.Attribute) and last in ROUTE):
            return True
    return False
