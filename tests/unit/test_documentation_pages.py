"""What the documentation generates: types in words, tables that refuse what they cannot say truly."""

import json
from pathlib import Path

import pytest
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from docs.generate.interface import Interface
from docs.generate.results import figure
from docs.generate.schema_text import limits_text, type_text
from docs.generate.settings import PROCESSES, default, settings_table
from gateway.problem_codes import ProblemCode
from services.common.settings import REPOSITORY


@pytest.fixture(scope="module")
def interface() -> Interface:
    return Interface(REPOSITORY / "deploy" / "openapi.json")


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "format": "date-time"}, "string (date-time)"),
        ({"$ref": "#/components/schemas/Notice"}, "[`Notice`](schemas.md#notice)"),
        (
            {"anyOf": [{"$ref": "#/components/schemas/Notice"}, {"type": "null"}]},
            "[`Notice`](schemas.md#notice) or null",
        ),
        ({"type": "array", "items": {"type": "number"}}, "list of number"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "object, string to number"),
        ({"type": "string", "enum": ["eu", "other"]}, "`eu`, `other`"),
        ({"type": "integer", "const": 1}, "`1`"),
        ({"type": "string", "contentMediaType": "application/octet-stream"}, "file"),
        ({}, "anything"),
    ],
)
def test_a_type_is_said_in_words(schema: dict[str, object], words: str) -> None:
    assert type_text(schema) == words


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1, "default": 20}, "At least 1, `20` by default."),
        ({"anyOf": [{"type": "string", "maxLength": 64}, {"type": "null"}]}, "Longest 64 characters."),
        ({"type": "boolean", "default": False}, "`false` by default."),
        ({"type": "array", "default": []}, ""),
    ],
)  # fmt: skip
def test_limits_are_said_in_one_sentence(schema: dict[str, object], words: str) -> None:
    assert limits_text(schema) == words


def test_every_operation_has_its_place_in_the_reference(interface: Interface) -> None:
    pages = "".join(interface.subject_page(subject) for subject in interface.subjects)
    index = interface.index_page()
    for operation in interface.operations:
        anchor = operation.described["operationId"].lower()
        assert pages.count(f"{{: #{anchor} }}") == 1
        assert f"#{anchor})" in index


def test_every_schema_has_its_place_in_the_reference(interface: Interface) -> None:
    promised = json.loads((REPOSITORY / "deploy" / "openapi.json").read_text(encoding="utf-8"))
    page = interface.schemas_page()
    assert [name for name in promised["components"]["schemas"] if f"## {name} {{: #" not in page] == []


def test_the_table_of_problems_names_every_code_that_an_operation_responds_with(interface: Interface) -> None:
    promised = (REPOSITORY / "deploy" / "openapi.json").read_text(encoding="utf-8")
    table = interface.problems_table()
    assert [code for code in ProblemCode if f'"{code}"' in promised and f"| `{code}` |" not in table] == []


class Described(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="TRIAL_")

    size_bytes: int = Field(default=2 * 1024 * 1024, description="Largest part.")
    password: SecretStr = Field(default=SecretStr(""), description="Of the role.")
    folder: Path = Field(default=REPOSITORY / "deploy" / "models", description="Of the models.")
    wait_s: float = Field(default=2.5, description="Until the next try.")


class Undescribed(BaseSettings):
    port: int = 8000


def test_a_setting_is_told_with_variable_and_default_in_a_unit_that_suits() -> None:
    assert settings_table(Described).splitlines()[2:] == [
        "| `TRIAL_SIZE_BYTES` | `2097152` (2 MiB) | Largest part. |",
        "| `TRIAL_PASSWORD` | none | Of the role. |",
        "| `TRIAL_FOLDER` | `deploy/models` | Of the models. |",
        "| `TRIAL_WAIT_S` | `2.5` | Until the next try. |",
    ]


def test_a_setting_is_refused_when_nobody_says_what_it_is() -> None:
    with pytest.raises(ValueError, match=r"Undescribed\.port has no description"):
        settings_table(Undescribed)


@pytest.mark.parametrize("settings", PROCESSES.values(), ids=lambda settings: settings.__name__)
def test_every_setting_is_described(settings: type[BaseSettings]) -> None:
    assert settings_table(settings).count("\n") == len(settings.model_fields) + 1


def test_a_default_is_refused_when_no_process_reads_it() -> None:
    assert default("FUSION_MIN_COHORT_SIZE") == "20"
    with pytest.raises(ValueError, match="no process reads GATEWAY_NOTHING"):
        default("GATEWAY_NOTHING")


def test_a_figure_is_refused_when_no_result_or_several_have_it() -> None:
    with pytest.raises(ValueError, match="0 results of voice"):
        figure("voice", "no such system")
    with pytest.raises(ValueError, match="results of voice have uar for 'one clip'"):
        figure("voice", "one clip", "uar")
