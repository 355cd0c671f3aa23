"""What routes ask for, as `Annotated` aliases; `main.create_app` wires the real things."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine

from gateway.dispatch import Dispatcher
from gateway.errors import Problem, ProblemCode
from gateway.ids import Prefix, id_pattern
from gateway.keys import KeyHolder, find_holder
from gateway.metrics import GatewayMetrics
from gateway.schemas import Scope
from gateway.settings import GatewaySettings
from services.common.contracts.labels import Modality
from services.common.ledger import ModalityProgress, WorkLedger
from services.common.logging import get_logger
from services.common.storage import ObjectStore

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a request may touch."""

    settings: GatewaySettings
    engine: Engine
    store: ObjectStore
    ledger: WorkLedger
    redis: "Redis"
    dispatcher: Dispatcher
    metrics: GatewayMetrics

    def progress(self, assessment_id: str) -> dict[Modality, ModalityProgress]:
        """Live state; empty while Redis is out of reach, since Postgres still answers the rest."""
        try:
            return self.ledger.progress(assessment_id)
        except RedisError as fault:
            log.warning("ledger_unreachable", detail=str(fault))
            return {}


def get_services(request: Request) -> Services:
    """What `main.create_app` wired."""
    return cast(Services, request.app.state.services)


TheServices = Annotated[Services, Depends(get_services)]

bearer = HTTPBearer(auto_error=False, scheme_name="ApiKey", description="An API key: `cnd_…`.")
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="candor"'}


def authenticate(
    services: TheServices,
    required: SecurityScopes,
    presented: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> KeyHolder:
    """Who calls, if the key is good for what the operation needs.

    Raises:
        Problem: `api_key_missing`, `api_key_unknown`, `api_key_revoked` or `scope_missing`.
    """
    if presented is None or not presented.credentials:
        raise Problem(ProblemCode.API_KEY_MISSING, "Send `Authorization: Bearer <key>`.", headers=CHALLENGE)
    holder = find_holder(
        services.engine,
        presented.credentials,
        key_secret=services.settings.key_secret.get_secret_value(),
    )
    if holder is None:
        raise Problem(ProblemCode.API_KEY_UNKNOWN, "Check the key, or ask for a new one.", headers=CHALLENGE)
    if holder.revoked:
        raise Problem(ProblemCode.API_KEY_REVOKED, "Ask for a new key.", headers=CHALLENGE)
    missing = set(required.scopes) - holder.scopes
    if missing:
        raise Problem(
            ProblemCode.SCOPE_MISSING, f"Ask for a key with the scope {', '.join(sorted(missing))}."
        )
    return holder


AnyCaller = Annotated[KeyHolder, Security(authenticate)]
Writer = Annotated[KeyHolder, Security(authenticate, scopes=[str(Scope.ASSESSMENTS_WRITE)])]
ReportReader = Annotated[KeyHolder, Security(authenticate, scopes=[str(Scope.REPORTS_READ)])]
Administrator = Annotated[KeyHolder, Security(authenticate, scopes=[str(Scope.ADMIN)])]

Limit = Annotated[int, Query(ge=1, le=100, description="How many to answer at most.")]
AssessmentCursor = Annotated[str | None, Query(pattern=id_pattern(Prefix.ASSESSMENT))]
QuestionCursor = Annotated[str | None, Query(pattern=id_pattern(Prefix.QUESTION))]
