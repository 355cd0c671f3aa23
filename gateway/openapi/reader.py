"""What helps a reader of the document: who answers for it, subjects in order, links between operations."""

import re
from typing import Any

INFO: dict[str, Any] = {
    "contact": {"name": "Whoever runs this installation"},
    "license": {"name": "All rights reserved"},
}
SERVERS = [{"url": "/", "description": "The installation that this document comes from."}]
TAGS: dict[str, str] = {
    "assessments": "One answer each: handed in, followed, listed, erased.",
    "uploads": "Large media, sent in pieces and taken up again where the connection broke.",
    "reports": "What an answer came to: estimates, never a verdict on a person.",
    "interviews": "Several answers of one candidate, and what they have in common.",
    "candidates": "People, by the platform's own identifier, and what is kept of them.",
    "consents": "What a person was shown and agreed to, and its withdrawal.",
    "questions": "The bank that answers refer to.",
    "benchmarks": "Norms of cohorts, and whether they move.",
    "webhooks": "Where events are delivered, what was sent, and what became of it.",
    "api keys": "Keys of the tenant: made, rotated, revoked.",
    "exports": "Everything at once, as a stream of CSV or JSON Lines.",
    "tenant": "Jurisdiction and retention: which law applies, and how long things are kept.",
    "governance": "Access, erasure, impact ratios.",
    "audit": "Who did what, in an order that cannot be changed unseen.",
    "health": "Whether the gateway lives and can work.",
}
"""Subjects in the order in which an integrator meets them."""
_PARAMETER = re.compile(r"\{(\w+)\}")


def describe_for_readers(document: dict[str, Any]) -> None:
    """Add contact, licence, server, described tags and links to `document`."""
    document["info"] |= INFO
    document["servers"] = SERVERS
    used = {tag for methods in document["paths"].values() for op in methods.values() for tag in op["tags"]}
    document["tags"] = [
        {"name": tag, "description": description} for tag, description in TAGS.items() if tag in used
    ]
    for path, methods in document["paths"].items():
        if "post" in methods:
            _add_links(document, path, methods["post"])


def _add_links(document: dict[str, Any], path: str, creating: dict[str, Any]) -> None:
    """Link what a POST made to everything that can be read of it by its `id`."""
    made = next((body for status, body in creating["responses"].items() if status in ("201", "202")), None)
    if made is None or not made.get("content"):
        return
    links = {
        methods["get"]["operationId"]: {
            "operationId": methods["get"]["operationId"],
            "parameters": {names[0]: "$response.body#/id"},
        }
        for other, methods in document["paths"].items()
        if "get" in methods
        and other.startswith(f"{path}/{{")
        and len(names := _PARAMETER.findall(other.removeprefix(path))) == 1
        and not _PARAMETER.search(path)
    }
    if links:
        made["links"] = links
