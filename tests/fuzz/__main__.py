"""`make fuzz`: schemathesis over every operation, all checks, with a key; `python -m tests.fuzz --help`."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from candor.embedded.servers import Postgres, Redis
from candor.embedded.supervisor import running
from services.common.db.bootstrap import prepare_database
from tests.fuzz.server import Served, served

HERE = Path(__file__).parent


@contextmanager
def everything() -> Iterator[Served]:
    """Postgres, Redis and the gateway, in a folder that goes with them."""
    with tempfile.TemporaryDirectory(prefix="candor-fuzz-") as name:
        folder = Path(name)
        postgres, redis = Postgres(folder / "postgres", durable=False), Redis(folder / "redis")
        postgres.prepare()
        redis.prepare()
        with running(postgres.child(log_folder=folder)), running(redis.child(log_folder=folder)):
            postgres.wait_ready(timeout_s=60)
            redis.wait_ready(timeout_s=30)
            database = prepare_database(
                postgres.url(), gateway_password="gateway-pw", fusion_password="fusion-pw", database="candor"
            )
            with served(database, redis.url(), folder / "objects") as gateway:
                yield gateway


def command_for(gateway: Served, *, examples: int, seed: int) -> tuple[list[str], dict[str, str]]:
    """How to run schemathesis against `gateway`, and what to add to its environment."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        *("--config-file", str(HERE / "schemathesis.toml")),
        *("run", f"{gateway.url}/openapi.json", "--checks", "all"),
        *("--max-examples", str(examples), "--seed", str(seed)),
        *("--continue-on-failure", "--no-color"),
    ]
    environment = {
        "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
        "CANDOR_FUZZ_URL": gateway.url,
        "CANDOR_FUZZ_KEY": gateway.key,
    }
    return command, environment


def main() -> int:
    """Run, and answer with schemathesis' own exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=40, help="cases per operation and phase, at most")
    parser.add_argument("--seed", type=int, default=1)
    options, more = parser.parse_known_args()
    with everything() as gateway:
        command, environment = command_for(gateway, examples=options.examples, seed=options.seed)
        finished = subprocess.run([*command, *more], env={**os.environ, **environment}, check=False)
        return finished.returncode


if __name__ == "__main__":
    sys.exit(main())
