"""The settings of every process, read from the classes that read the environment."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from fusion.settings import FusionSettings
from gateway.settings import GatewaySettings
from services.audio.settings import AudioSettings
from services.common.db.bootstrap import DatabaseSettings
from services.common.settings import REPOSITORY, CommonSettings
from services.text.settings import TextSettings
from services.video.settings import VideoSettings

PROCESSES: dict[str, type[BaseSettings]] = {
    "Every process": CommonSettings,
    "Gateway and delivery worker": GatewaySettings,
    "Fusion worker": FusionSettings,
    "Text worker": TextSettings,
    "Audio worker": AudioSettings,
    "Video worker": VideoSettings,
    "Migration job": DatabaseSettings,
}
UNITS = ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB"))


def settings_tables() -> str:
    """Return a table per process: variable, default, what it is.

    Raises:
        ValueError: a setting has no description.
    """
    return "\n\n".join(f"## {title}\n\n{settings_table(settings)}" for title, settings in PROCESSES.items())


def settings_table(settings: type[BaseSettings]) -> str:
    """Return the table of one class of settings.

    Raises:
        ValueError: a setting has no description.
    """
    head = ["| variable | default | what it is |", "|---|---|---|"]
    return "\n".join([*head, *_rows(settings)])


def _rows(settings: type[BaseSettings]) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        if not field.description:
            raise ValueError(f"{settings.__name__}.{name} has no description; give its Field one")
        variables = " or ".join(f"`{variable}`" for variable in _variables(settings, name, field))
        yield f"| {variables} | {_default(name, field)} | {field.description} |"


def _variables(settings: type[BaseSettings], name: str, field: FieldInfo) -> list[str]:
    """Return the environment variables that set a field, the first that is found counts."""
    if isinstance(alias := field.validation_alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [f"{settings.model_config.get('env_prefix', '')}{name}".upper()]


def _default(name: str, field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    return _shown(name, field.get_default(call_default_factory=True, validated_data={}))


def _shown(name: str, value: Any) -> str:
    """Return a default as an operator would write it; sizes also in the unit that suits them."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int) and name.endswith("_bytes"):
        scale, unit = next((pair for pair in UNITS if value % pair[0] == 0), (1, "bytes"))
        return f"`{value}` ({value // scale} {unit})"
    if isinstance(value, float):
        return f"`{value:g}`" if value < 1e6 else f"`{value:.0f}`"
    if isinstance(value, Path):
        value = _relative(value)
    return f"`{value}`".replace(str(REPOSITORY), "…")


def _relative(path: Path) -> str:
    """Return `path` as seen from the repository, so that no page names the machine that built it."""
    if path.is_relative_to(REPOSITORY):
        return str(path.relative_to(REPOSITORY))
    return f"../{path.relative_to(REPOSITORY.parent)}"


def default(variable: str) -> str:
    """Return the default of one environment variable.

    Raises:
        ValueError: no process reads it.
    """
    for settings in PROCESSES.values():
        for name, field in settings.model_fields.items():
            if variable in _variables(settings, name, field):
                value = field.get_default(call_default_factory=True, validated_data={})
                return f"{value:,.0f}" if isinstance(value, float) and value.is_integer() else f"{value:,}"
    raise ValueError(f"no process reads {variable}")
