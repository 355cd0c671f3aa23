"""What a repository promises to whoever finds it: the licence of its code and of all that is not code."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
"""SHA-256 of the text of the Apache License 2.0 as the Apache Software Foundation publishes it."""
MANIFESTS = sorted((REPOSITORY / "deploy" / "models").glob("*/*/manifest.json"))
REFERENCE_NORMS = sorted((REPOSITORY / "fusion" / "norms").glob("*.json"))


def words_of_notice() -> str:
    """Return the text of NOTICE with single spaces, so that line breaks do not matter."""
    return " ".join((REPOSITORY / "NOTICE").read_text(encoding="utf-8").split())


def test_the_licence_is_the_whole_apache_licence() -> None:
    assert hashlib.sha256((REPOSITORY / "LICENSE").read_bytes()).hexdigest() == APACHE_2


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: f"{path.parts[-3]}-{path.parts[-2]}")
def test_notice_names_the_licence_when_a_model_is_shipped(path: Path) -> None:
    manifest = json.loads(path.read_text(encoding="utf-8"))
    notice = words_of_notice()
    assert re.search(rf"\b{path.parts[-3]} {path.parts[-2]}\b", notice)
    assert manifest["licence"] in notice


@pytest.mark.parametrize("path", REFERENCE_NORMS, ids=lambda path: path.stem)
def test_notice_names_the_licence_when_a_reference_norm_is_shipped(path: Path) -> None:
    norms = json.loads(path.read_text(encoding="utf-8"))["norms"]
    notice = words_of_notice()
    assert f"fusion/norms/{path.name}" in notice
    for source in {norm["source"]["licence"] for norm in norms}:
        assert source in notice
