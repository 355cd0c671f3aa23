"""What routes ask for, as `Annotated` aliases; `main.create_app` wires the real things."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine

from gateway.assessments.dispatch import Dispatcher
from gateway.assessments.intake import Intake
from gateway.errors import RefusedError
from gateway.http.cursor import Cursor
from gateway.http.fields import Scope
from gateway.http.idempotency import claim_once
from gateway.http.ids import Prefix, id_pattern
from gateway.http.metrics import GatewayMetrics
from gateway.http.paging import cursor_of
from gateway.problem_codes import ProblemCode
from gateway.settings import GatewaySettings
from gateway.tenancy.authentication import TOKEN_PREFIX, KeyHolder, find_holder, require_scopes
from gateway.uploads.multipart import read_fingerprint
from gateway.webhooks.targets import TargetRules
from services.common.contracts.labels import Modality
from services.common.logging import get_logger
from services.common.storage import ObjectStore
from services.common.work.ledger import ModalityProgress, WorkLedger

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
    webhook_targets: TargetRules

    @property
    def intake(self) -> Intake:
        """The main use case over these services."""
        return Intake(
            engine=self.engine,
            store=self.store,
            dispatcher=self.dispatcher,
            metrics=self.metrics,
            settings=self.settings,
        )

    def progress(self, assessment_id: str) -> dict[Modality, ModalityProgress]:
        """Return the live state; empty while Redis is out of reach, since Postgres still answers the rest."""
        try:
            return self.ledger.read_progress(assessment_id)
        except RedisError as fault:
            log.warning("ledger_unreachable", detail=str(fault))
            return {}


def get_services(request: Request) -> Services:
    """Return what `main.create_app` wired."""
    return cast(Services, request.app.state.services)


TheServices = Annotated[Services, Depends(get_services)]

bearer = HTTPBearer(auto_error=False, scheme_name="ApiKey", description="An API key: `cnd_…`.")
candidate_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="CandidateToken",
    description="The `cndt_…` that came with an answer: opens the candidate's own practice results.",
)
Presented = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


def authenticate(services: TheServices, required: SecurityScopes, presented: Presented) -> KeyHolder:
    """Return who calls, if the key is good for what the operation needs.

    Raises:
        RefusedError: a 401 as in `authenticate_either`, `candidate_token_refused` or `scope_missing`.
    """
    holder = identify(services, presented)
    if holder.candidate is not None:
        raise RefusedError(
            ProblemCode.CANDIDATE_TOKEN_REFUSED,
            "A candidate token opens the candidate's own practice results; send an API key.",
        )
    require_scopes(holder, required.scopes)
    return holder


def authenticate_either(
    services: TheServices,
    required: SecurityScopes,
    presented: Presented,
    _: Annotated[HTTPAuthorizationCredentials | None, Depends(candidate_bearer)],
) -> KeyHolder:
    """Authenticate like `authenticate`, for operations that a candidate token may open too.

    What the token opens is for `candidate_tokens.require_opened` to say, once the answer is known.

    Raises:
        RefusedError: `api_key_missing`, `scope_missing`, and `…_unknown`, `…_revoked` or `…_expired` of
            `api_key` and `candidate_token`.
    """
    holder = identify(services, presented)
    if holder.candidate is None:
        require_scopes(holder, required.scopes)
    return holder


def identify(services: Services, presented: HTTPAuthorizationCredentials | None) -> KeyHolder:
    """Return whom the presented credentials belong to, as long as they are good.

    Raises:
        RefusedError: one of the codes of status 401.
    """
    if presented is None or not presented.credentials:
        raise RefusedError(ProblemCode.API_KEY_MISSING, "Send `Authorization: Bearer <key>`.")
    holder = find_holder(
        services.engine,
        presented.credentials,
        key_secret=services.settings.key_secret.get_secret_value(),
    )
    if holder is not None and holder.is_good:
        return holder
    of_candidate = presented.credentials.startswith(TOKEN_PREFIX)
    raise (_bad_token if of_candidate else _bad_key)(holder)


def _bad_key(holder: KeyHolder | None) -> RefusedError:
    if holder is None:
        code, detail = ProblemCode.API_KEY_UNKNOWN, "Check the key, or ask for a new one."
    elif holder.revoked:
        code, detail = ProblemCode.API_KEY_REVOKED, "Ask for a new key."
    else:
        code, detail = ProblemCode.API_KEY_EXPIRED, "Use the key that replaces it, or ask for a new one."
    return RefusedError(code, detail)


def _bad_token(holder: KeyHolder | None) -> RefusedError:
    if holder is None:
        code, detail = ProblemCode.CANDIDATE_TOKEN_UNKNOWN, "Check the token for missing characters."
    elif holder.revoked:
        code, detail = ProblemCode.CANDIDATE_TOKEN_REVOKED, "Ask whoever gave it to you for the results."
    else:
        code, detail = ProblemCode.CANDIDATE_TOKEN_EXPIRED, "Ask whoever gave it to you for the results."
    return RefusedError(code, detail)


async def authenticate_once(
    request: Request, services: TheServices, holder: Annotated[KeyHolder, Depends(authenticate)]
) -> KeyHolder:
    """Authenticate; a POST with an `Idempotency-Key` goes on alone, or ends here with the stored response."""
    await _claim(request, services, holder)
    return holder


async def authenticate_either_once(
    request: Request, services: TheServices, holder: Annotated[KeyHolder, Depends(authenticate_either)]
) -> KeyHolder:
    """Authenticate like `authenticate_once`, for operations that a candidate token may open too."""
    await _claim(request, services, holder)
    return holder


async def _claim(request: Request, services: Services, holder: KeyHolder) -> None:
    settings = services.settings

    async def read_parts() -> str:
        return await read_fingerprint(request, limits=settings)

    await claim_once(
        request,
        engine=services.engine,
        tenant_id=holder.tenant_id,
        sender="tenant" if holder.candidate is None else holder.candidate.candidate_id,
        key_secret=settings.key_secret.get_secret_value(),
        read_parts=read_parts,
    )


AnyCaller = Annotated[KeyHolder, Security(authenticate_once)]
Writer = Annotated[KeyHolder, Security(authenticate_once, scopes=[str(Scope.ASSESSMENTS_WRITE)])]
ReportReader = Annotated[KeyHolder, Security(authenticate_once, scopes=[str(Scope.REPORTS_READ)])]
Administrator = Annotated[KeyHolder, Security(authenticate_once, scopes=[str(Scope.ADMIN)])]

CallerOrCandidate = Annotated[KeyHolder, Security(authenticate_either_once)]
WriterOrCandidate = Annotated[
    KeyHolder, Security(authenticate_either_once, scopes=[str(Scope.ASSESSMENTS_WRITE)])
]
ReaderOrCandidate = Annotated[KeyHolder, Security(authenticate_either_once, scopes=[str(Scope.REPORTS_READ)])]

Limit = Annotated[int, Query(ge=1, le=100, description="How many to answer at most.")]
QuestionCursor = Annotated[str | None, Query(pattern=id_pattern(Prefix.QUESTION))]
InterviewCursor = Annotated[str | None, Query(pattern=id_pattern(Prefix.INTERVIEW))]


def page_by(prefix: Prefix) -> Callable[..., Cursor]:
    """Return the dependency that reads the page's parameters off the query of a list of `prefix_…`.

    It raises `validation_failed` where both directions are asked for.
    """
    identifier = Query(pattern=id_pattern(prefix))

    def page(
        limit: Limit = 20,
        starting_after: Annotated[str | None, identifier] = None,
        ending_before: Annotated[str | None, identifier] = None,
    ) -> Cursor:
        return cursor_of(limit=limit, starting_after=starting_after, ending_before=ending_before)

    return page


AssessmentPage = Annotated[Cursor, Depends(page_by(Prefix.ASSESSMENT))]
CandidatePage = Annotated[Cursor, Depends(page_by(Prefix.CANDIDATE))]
ApiKeyPage = Annotated[Cursor, Depends(page_by(Prefix.API_KEY))]
WebhookEndpointPage = Annotated[Cursor, Depends(page_by(Prefix.WEBHOOK_ENDPOINT))]
WebhookDeliveryPage = Annotated[Cursor, Depends(page_by(Prefix.WEBHOOK_DELIVERY))]
EventPage = Annotated[Cursor, Depends(page_by(Prefix.EVENT))]
ConsentPage = Annotated[Cursor, Depends(page_by(Prefix.CONSENT))]
AuditPage = Annotated[Cursor, Depends(page_by(Prefix.AUDIT_EVENT))]
