"""Make a tenant with its question bank and its first key."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Engine

from gateway.http.ids import Prefix, new_id
from gateway.interviews.default_questions import DEFAULT_QUESTIONS
from gateway.interviews.questions import add_question
from gateway.settings import DEVELOPMENT_KEY_SECRET
from gateway.tenancy.api_keys import EVERY_SCOPE, add_key
from services.common.db.models import Tenant
from services.common.db.session import tenant_session


class NewTenant(NamedTuple):
    """A tenant and its first key, which is shown here and never again."""

    tenant: str
    key: str


def create_tenant(
    engine: Engine,
    name: str,
    *,
    key_secret: str = DEVELOPMENT_KEY_SECRET,
    questions: Sequence[str] = DEFAULT_QUESTIONS,
) -> NewTenant:
    """Create a tenant with a question bank and one key that may do everything.

    Args:
        engine: connected as administrator or owner.
        name: how people call the tenant.
        key_secret: `GATEWAY_KEY_SECRET` of the gateway that will accept the key.
        questions: the first questions of its bank.
    """
    tenant_id = new_id(Prefix.TENANT)
    with tenant_session(engine, tenant_id) as session:
        session.add(Tenant(id=tenant_id, name=name))
        session.flush()
        for question in questions:
            add_question(session, tenant_id=tenant_id, text=question)
        created = add_key(session, tenant_id, name="first", scopes=EVERY_SCOPE, key_secret=key_secret)
    return NewTenant(tenant=tenant_id, key=created.key)
