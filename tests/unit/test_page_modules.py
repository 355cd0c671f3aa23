"""The page's own modules, as far as they need no browser: `tests/web`, run by node's test runner."""

import os
import subprocess
import sys
from pathlib import Path

from services.common.settings import REPOSITORY


def test_every_test_of_the_page_passes_when_node_runs_them() -> None:
    # the environment's node comes first, then the machine's: one of them there must be
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    run = subprocess.run(
        ["npm", "test", "--silent"],
        check=False,
        cwd=REPOSITORY,
        env=os.environ | {"PATH": search},
        capture_output=True,
        text=True,
        timeout=240,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "pass 0" not in run.stdout
