"""Where the commands for a remote server find address and key, and who else can read them."""

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from candor.cli import app
from candor.credentials import (
    Credentials,
    NotSignedInError,
    credentials_file,
    load_credentials,
    save_credentials,
)

KEPT = Credentials(server="https://candor.example.com", key="cnd_kept")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user who has never signed in."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("CANDOR_API_URL", raising=False)
    monkeypatch.delenv("CANDOR_API_KEY", raising=False)


def test_they_come_back_when_they_were_kept() -> None:
    assert save_credentials(KEPT) == credentials_file()
    assert load_credentials() == KEPT


def test_only_their_owner_can_read_them_when_they_are_kept_again() -> None:
    save_credentials(KEPT)
    credentials_file().chmod(0o644)
    save_credentials(KEPT)
    assert stat.S_IMODE(credentials_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(credentials_file().parent.stat().st_mode) == 0o700
    assert [path.name for path in credentials_file().parent.iterdir()] == ["credentials.json"]


def test_the_way_is_shown_when_nobody_signed_in() -> None:
    with pytest.raises(NotSignedInError, match="candor login"):
        load_credentials()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"server": 1, "key": null}'])
def test_the_way_is_shown_when_the_file_is_damaged(content: str) -> None:
    credentials_file().parent.mkdir()
    credentials_file().write_text(content)
    with pytest.raises(NotSignedInError, match="candor login"):
        load_credentials()


def test_the_environment_counts_more_when_it_names_both(monkeypatch: pytest.MonkeyPatch) -> None:
    save_credentials(KEPT)
    monkeypatch.setenv("CANDOR_API_URL", "http://127.0.0.1:8000")
    monkeypatch.setenv("CANDOR_API_KEY", "cnd_other")
    assert load_credentials() == Credentials(server="http://127.0.0.1:8000", key="cnd_other")


def test_another_key_is_taken_when_the_environment_names_only_that(monkeypatch: pytest.MonkeyPatch) -> None:
    save_credentials(KEPT)
    monkeypatch.setenv("CANDOR_API_KEY", "cnd_other")
    assert load_credentials() == Credentials(server=KEPT.server, key="cnd_other")


def test_a_key_goes_to_its_own_server_only_when_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    save_credentials(KEPT)
    monkeypatch.setenv("CANDOR_API_URL", "https://elsewhere.example.com")
    with pytest.raises(NotSignedInError, match="CANDOR_API_KEY"):
        load_credentials()
    monkeypatch.setenv("CANDOR_API_URL", f"{KEPT.server}/")
    assert load_credentials() == KEPT


@pytest.mark.parametrize("address", ["candor.example.com", "ftp://x", "https://key@example.com", "https://"])
def test_login_refuses_when_the_address_is_none(address: str) -> None:
    done = CliRunner().invoke(app, ["login", address], input="cnd_1\n")
    assert done.exit_code == 2
    assert not credentials_file().exists()


def test_login_refuses_when_a_key_is_on_the_command_line() -> None:
    assert CliRunner().invoke(app, ["login", "https://example.com", "cnd_1"]).exit_code == 2


def test_login_refuses_when_no_key_is_sent() -> None:
    done = CliRunner().invoke(app, ["login", "https://candor.example.com"], input="\n")
    assert (done.exit_code, credentials_file().exists()) == (2, False)


def test_nothing_is_sent_when_a_file_cannot_be_used(tmp_path: Path) -> None:
    save_credentials(KEPT)
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    options = ["--candidate", "anna", "--question", "q_1"]
    done = CliRunner().invoke(app, ["submit", str(picture), *options])
    assert done.exit_code == 2
    assert "image/png" in done.output
