"""Which version is served, what a folder must hold, and `candor models --use`."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from candor.cli import app
from fusion.reliability import FUSION, ModelCards
from services.common.errors import TemporaryError
from services.common.serving.registry import Manifest, ServedModels, TensorSpec, load_manifest
from services.common.serving.versions import (
    PIN_FILE,
    find_served_dir,
    find_served_version,
    pin_version,
    read_pinned_version,
    unpin_version,
)

SPEC = TensorSpec(name="x", shape=[None, 1])


def write_version(models_dir: Path, folder: int, *, name: str = FUSION, version: int | None = None) -> None:
    """Write `<models>/fusion/<folder>`, whose manifest may name something else."""
    place = models_dir / FUSION / str(folder)
    place.mkdir(parents=True)
    manifest = Manifest(
        name=name,
        version=version or folder,
        labels=[],
        input=SPEC,
        output=SPEC,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        licence="none",
    )
    (place / "manifest.json").write_text(manifest.model_dump_json())
    (place / "asset.txt").write_text(f"of {folder}")


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    for version in (1, 2, 10):
        write_version(tmp_path, version)
    return tmp_path


def candor_models(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["models", *map(str, arguments)])


def test_the_highest_version_is_served_when_nothing_is_pinned(models_dir: Path) -> None:
    assert find_served_version(models_dir, FUSION) == 10
    assert find_served_dir(models_dir, FUSION).name == "10"


def test_the_pinned_version_is_served_everywhere_when_there_is_a_pin(models_dir: Path) -> None:
    pin_version(models_dir, FUSION, 2)
    assert load_manifest(models_dir, FUSION).version == 2
    assert ServedModels(models_dir).asset(FUSION, "asset.txt") == b"of 2"
    pool = ModelCards(models_dir).pool()
    assert pool is not None
    assert pool.version == 2
    unpin_version(models_dir, FUSION)
    assert load_manifest(models_dir, FUSION).version == 10


def test_a_running_process_keeps_its_version_when_it_is_pinned_to_another(models_dir: Path) -> None:
    served = ServedModels(models_dir)
    assert served.manifest(FUSION).version == 10
    pin_version(models_dir, FUSION, 1)
    assert served.asset(FUSION, "asset.txt") == b"of 10"


def test_nothing_is_written_when_the_version_to_pin_is_missing(models_dir: Path) -> None:
    with pytest.raises(TemporaryError, match=r"no version 3 of 'fusion' .* its versions: 1, 2, 10"):
        pin_version(models_dir, FUSION, 3)
    assert not (models_dir / FUSION / PIN_FILE).exists()


@pytest.mark.parametrize(("pin", "reason"), [('{"version": 7}', "no version 7"), ("{", "is no pin")])
def test_the_reason_is_given_when_a_pin_leads_nowhere(models_dir: Path, pin: str, reason: str) -> None:
    (models_dir / FUSION / PIN_FILE).write_text(pin)
    with pytest.raises(TemporaryError, match=reason):
        find_served_dir(models_dir, FUSION)
    assert ModelCards(models_dir).pool() is None, "a report is made all the same"


@pytest.mark.parametrize("wrong", [{"version": 2}, {"name": "face_emotion"}])
def test_a_folder_is_refused_when_its_manifest_names_something_else(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    write_version(tmp_path, 3, **wrong)  # type: ignore[arg-type]
    with pytest.raises(TemporaryError, match=r"The folder .*fusion/3 holds version \d of \w+, by its"):
        load_manifest(tmp_path, FUSION)
    assert ModelCards(tmp_path).pool() is None


def test_a_model_is_rolled_back_and_forth_when_a_version_is_named(models_dir: Path) -> None:
    done = candor_models("--models-dir", models_dir, "--use", "fusion@2")
    assert done.exit_code == 0, done.output
    assert "fusion v2 (pinned; the latest is 10)" in done.stdout
    assert "fusion v2 (pinned; the latest is 10)" in candor_models("--models-dir", models_dir).stdout
    (as_json,) = json.loads(candor_models("--models-dir", models_dir, "--json").stdout)
    assert (as_json["version"], as_json["versions"], as_json["pinned"]) == (2, [1, 2, 10], True)
    assert "fusion v10 (latest)" in candor_models("--models-dir", models_dir, "--use", "fusion@latest").stdout
    assert read_pinned_version(models_dir, FUSION) is None


@pytest.mark.parametrize("choice", ["fusion@3", "fusion", "fusion@", "face@1", "fusion@²", "../fusion@x"])
def test_the_versions_are_named_when_the_choice_is_no_version(models_dir: Path, choice: str) -> None:
    done = candor_models("--models-dir", models_dir, "--use", choice)
    assert done.exit_code == 2
    assert f"cannot use {choice!r}" in done.stderr
    assert read_pinned_version(models_dir, FUSION) is None


def test_a_version_is_not_pinned_when_its_folder_holds_another(models_dir: Path) -> None:
    write_version(models_dir, 11, version=12)
    done = candor_models("--models-dir", models_dir, "--use", "fusion@11")
    assert done.exit_code != 0
    assert read_pinned_version(models_dir, FUSION) is None
