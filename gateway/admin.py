"""`python -m gateway.admin`: tenants, keys, the audit log, as the owner or the administrator.

Reads `CANDOR_DB_OWNER_URL` or `CANDOR_DB_ADMIN_URL`, and `GATEWAY_KEY_SECRET`. Prints one JSON object.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine

from gateway.http.fields import Scope
from gateway.law.policy import Jurisdiction
from gateway.provisioning import create_tenant
from gateway.settings import GatewaySettings
from gateway.tenancy.api_keys import EVERY_SCOPE, create_key, revoke_key
from gateway.tenancy.audit import Head, verify
from gateway.tenancy.tenants import set_jurisdiction
from services.common.db.bootstrap import DatabaseSettings
from services.common.db.session import create_engine_for
from services.common.errors import ConfigurationError
from services.common.settings import CommonSettings

FAULT = "fault"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gateway.admin", description="Tenants and API keys.")
    commands = parser.add_subparsers(dest="command", required=True)
    tenant = commands.add_parser("create-tenant", help="a tenant, its question bank and a key")
    tenant.add_argument("name")
    key = commands.add_parser("create-key", help="one more key for a tenant")
    key.add_argument("tenant")
    key.add_argument("name")
    key.add_argument("--scope", action="append", choices=[str(scope) for scope in Scope])
    revoke = commands.add_parser("revoke-key", help="make a key invalid")
    revoke.add_argument("tenant")
    revoke.add_argument("key_id")
    audit = commands.add_parser("verify-audit", help="check that nobody changed the audit log")
    audit.add_argument("tenant")
    audit.add_argument("--head", type=_head, help="a head that an earlier run printed, to be found again")
    law = commands.add_parser("set-jurisdiction", help="say whose law a tenant is under")
    law.add_argument("tenant")
    law.add_argument("jurisdiction", choices=[str(one) for one in Jurisdiction])
    return parser


def _head(value: str) -> Head:
    sequence, _, digest = value.partition(":")
    return Head(int(sequence), digest)


def _run(engine: Engine, arguments: argparse.Namespace, *, key_secret: str) -> dict[str, Any]:
    if arguments.command == "create-tenant":
        return create_tenant(engine, arguments.name, key_secret=key_secret)._asdict()
    if arguments.command == "create-key":
        scopes = [Scope(scope) for scope in arguments.scope or EVERY_SCOPE]
        created = create_key(
            engine, arguments.tenant, name=arguments.name, scopes=scopes, key_secret=key_secret
        )
        return created._asdict()
    if arguments.command == "verify-audit":
        found = verify(engine, arguments.tenant, known=arguments.head)
        return {"entries": found.head.sequence, "head": str(found.head), FAULT: found.fault}
    if arguments.command == "set-jurisdiction":
        set_jurisdiction(engine, arguments.tenant, Jurisdiction(arguments.jurisdiction))
        return {"tenant": arguments.tenant, "jurisdiction": arguments.jurisdiction}
    revoke_key(engine, arguments.tenant, arguments.key_id)
    return {"revoked": arguments.key_id}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 1 where it finds a fault, or nothing of the name that is given."""
    arguments = _parser().parse_args(argv)
    database, gateway = DatabaseSettings(), GatewaySettings()
    gateway.refuse_placeholders(CommonSettings().environment)
    url = database.owner_url or database.admin_url
    if url is None:
        raise ConfigurationError("Set CANDOR_DB_OWNER_URL or CANDOR_DB_ADMIN_URL.")
    engine = create_engine_for(url.get_secret_value())
    try:
        answer = _run(engine, arguments, key_secret=gateway.key_secret.get_secret_value())
    except LookupError as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    finally:
        engine.dispose()
    sys.stdout.write(json.dumps(answer) + "\n")
    return 1 if answer.get(FAULT) else 0


if __name__ == "__main__":
    sys.exit(main())
