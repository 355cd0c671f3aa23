"""The API reference: `deploy/openapi.json` as Markdown, a page per subject and one of all schemas.

Rendered while the site is built, so that the reference is searched with the rest of the site, needs no script
and can be linked to operation by operation (decision record 0024).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from docs.generate.schema_text import limits_text, type_text

METHODS = ("get", "post", "put", "patch", "delete", "head")


def _cell(text: object) -> str:
    """Return `text` fit for a cell of a Markdown table: one line, and no bar that would end it."""
    return " ".join(str(text).split()).replace("|", "\\|")


def _title(subject: str) -> str:
    """Return the name of a subject as a heading: `API keys` for `api keys`."""
    return subject.capitalize().replace("Api", "API")


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _templates() -> Environment:
    environment = Environment(  # noqa: S701 - Markdown, not HTML
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "cell": _cell, "json": _json, "limits": limits_text, "title_of": _title, "type": type_text,
    }  # fmt: skip
    return environment


@dataclass(frozen=True)
class Operation:
    """One method of one path, or one webhook."""

    method: str
    path: str
    described: Mapping[str, Any]

    @property
    def body(self) -> tuple[str, Mapping[str, Any]] | None:
        """Return content type and description of the request body, if there is one."""
        return _content(self.described.get("requestBody", {}))

    @property
    def successes(self) -> list[dict[str, Any]]:
        """Return the responses that are no problems: status, words, type of the body, headers, example."""
        return [
            {
                "status": status,
                "words": _words(status),
                "text": response["description"],
                "body": _content(response),
                "headers": list(response.get("headers", {})),
            }
            for status, response in self.described["responses"].items()
            if not _is_problem(response)
        ]

    @property
    def problems(self) -> list[tuple[str, list[str]]]:
        """Return the codes of the problems that it responds with, by status."""
        return [
            (status, sorted(_problem_examples(response)))
            for status, response in self.described["responses"].items()
            if _is_problem(response)
        ]


def _content(part: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    content = part.get("content")
    return next(iter(content.items())) if content else None


def _is_problem(response: Mapping[str, Any]) -> bool:
    return "application/problem+json" in response.get("content", {})


def _problem_examples(response: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the examples of a response by problem code."""
    problem = response["content"]["application/problem+json"]
    if "examples" in problem:
        return {name: example["value"] for name, example in problem["examples"].items()}
    return {problem["example"]["code"]: problem["example"]}


def _words(status: str) -> str:
    return HTTPStatus(int(status)).phrase if status.isdecimal() else ""


class Interface:
    """The OpenAPI document, read for its pages.

    Args:
        path: of the document.
    """

    def __init__(self, path: Path) -> None:
        self._document = json.loads(path.read_text(encoding="utf-8"))
        self._templates = _templates()

    @property
    def subjects(self) -> list[str]:
        """Return the subjects (tags) in the order of the document."""
        return [tag["name"] for tag in self._document["tags"]]

    @cached_property
    def operations(self) -> list[Operation]:
        """Return every operation in the order of the document; webhooks are not among them."""
        return [
            Operation(method.upper(), path, methods[method])
            for path, methods in self._document["paths"].items()
            for method in METHODS
            if method in methods
        ]

    def subject_page(self, subject: str) -> str:
        """Return the page of one subject: its operations with parameters, bodies, responses and problems."""
        about = next(tag for tag in self._document["tags"] if tag["name"] == subject)
        chosen = [operation for operation in self.operations if subject in operation.described["tags"]]
        return self._templates.get_template("subject.md").render(subject=about, operations=chosen)

    def index_page(self) -> str:
        """Return the first page of the reference: every operation on one line."""
        return self._templates.get_template("reference.md").render(
            info=self._document["info"],
            tags=self._document["tags"],
            operations=self.operations,
            schemes=self._document["components"]["securitySchemes"],
        )

    def schemas_page(self) -> str:
        """Return the page of all schemas, by name, with the fields of each."""
        schemas = self._document["components"]["schemas"]
        return self._templates.get_template("schemas.md").render(schemas=dict(sorted(schemas.items())))

    def events_table(self) -> str:
        """Return a table of the webhook events, one line each."""
        rows = [
            f"| `{name}` | {_cell(methods['post']['description'])} |"
            for name, methods in self._document["webhooks"].items()
        ]
        return "\n".join(["| event | when it is sent |", "|---|---|", *rows])

    def problems_table(self) -> str:
        """Return a table of all problem codes: code, status and title, by status."""
        found = {
            code: (status, example["title"])
            for operation in self.operations
            for status, response in operation.described["responses"].items()
            if _is_problem(response)
            for code, example in _problem_examples(response).items()
        }
        ordered = sorted(found.items(), key=lambda item: (item[1][0], item[0]))
        rows = [f"| `{code}` | {status} | {_cell(title)} |" for code, (status, title) in ordered]
        return "\n".join(["| code | status | what it says |", "|---|---|---|", *rows])
