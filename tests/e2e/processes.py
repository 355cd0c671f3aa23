"""Finding and killing the processes of the installation under test."""

import os
from pathlib import Path

import psutil


def kill_all(word: str, *, below: Path) -> int:
    """SIGKILL every process of this test's installation whose command line has `word`; returns how many.

    `below` is the installation's data folder; only descendants of the `candor up` that uses it count.
    """
    ups = [p for p in psutil.process_iter(["cmdline"]) if str(below) in (p.info["cmdline"] or [])]
    family = {child.pid: child for up in ups for child in up.children(recursive=True)}
    victims = [child for child in family.values() if word in " ".join(_command_line(child))]
    for victim in victims:
        os.kill(victim.pid, 9)
    return len(victims)


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []
