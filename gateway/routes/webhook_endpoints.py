"""Where a tenant has its events sent."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Response
from sqlalchemy.orm import Session

from gateway.dependencies import (
    Administrator,
    Services,
    TheServices,
    WebhookDeliveryPage,
    WebhookEndpointPage,
)
from gateway.errors import FieldFault, RefusedError
from gateway.http.ids import Prefix, is_id
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.tenancy import audit
from gateway.tenancy.authentication import KeyHolder
from gateway.webhooks import store
from gateway.webhooks.events import emit_test
from gateway.webhooks.schemas import (
    DeliveryList,
    EndpointStatus,
    EventView,
    NewWebhookEndpoint,
    SecretRotation,
    WebhookEndpointChange,
    WebhookEndpointList,
    WebhookEndpointView,
    WebhookEndpointWithSecret,
)
from gateway.webhooks.secrets import secret_of
from gateway.webhooks.targets import NameUnresolvedError, TargetRefusedError
from gateway.webhooks.views import delivery_list, endpoint_view, event_view
from services.common.db.models_webhooks import WebhookEndpoint
from services.common.db.session import tenant_session

PATH = "/v1/webhook_endpoints"
router = APIRouter(prefix=PATH, tags=["webhooks"])
EndpointId = Annotated[str, Path(description="`whe_…`")]
BODY_PROBLEMS = (ProblemCode.BAD_REQUEST, ProblemCode.BODY_TOO_LARGE, ProblemCode.VALIDATION_FAILED)


@router.post(
    "",
    operation_id="createWebhookEndpoint",
    summary="Register an address for events",
    status_code=201,
    responses={
        201: {
            "description": "Registered. Keep the secret: it is not shown again.",
            "headers": {"Location": {"schema": {"type": "string"}, "description": "The endpoint."}},
        },
        **problems(
            *AUTHENTICATED,
            *BODY_PROBLEMS,
            ProblemCode.WEBHOOK_TARGET_REFUSED,
            ProblemCode.WEBHOOK_ENDPOINTS_EXHAUSTED,
        ),
    },
)
def create_webhook_endpoint(
    services: TheServices, caller: Administrator, new: NewWebhookEndpoint, response: Response
) -> WebhookEndpointWithSecret:
    """Events from now on are sent there, signed by Standard Webhooks. Private addresses are refused."""
    check_target(services, new.url)
    with tenant_session(services.engine, caller.tenant_id) as session:
        row = store.add_endpoint(
            session, tenant_id=caller.tenant_id, new=new, most=services.settings.webhook_max_endpoints
        )
        if row is None:
            raise RefusedError(
                ProblemCode.WEBHOOK_ENDPOINTS_EXHAUSTED,
                f"Delete one first; {services.settings.webhook_max_endpoints} are allowed.",
            )
        _audit(session, caller, "created", row.id)
    response.headers["Location"] = f"{PATH}/{row.id}"
    return with_secret(services, row)


@router.get(
    "",
    operation_id="listWebhookEndpoints",
    summary="List webhook endpoints, newest first",
    responses=problems(*AUTHENTICATED, ProblemCode.VALIDATION_FAILED),
)
def list_webhook_endpoints(
    services: TheServices, caller: Administrator, cursor: WebhookEndpointPage
) -> WebhookEndpointList:
    """Page on with the last `id` as `starting_after`, back with the first as `ending_before`."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        page, has_more = store.list_endpoints(session, cursor)
    return WebhookEndpointList(data=[endpoint_view(row) for row in page], has_more=has_more)


@router.get(
    "/{endpoint_id}",
    operation_id="getWebhookEndpoint",
    summary="One webhook endpoint",
    responses=problems(*AUTHENTICATED, ProblemCode.WEBHOOK_ENDPOINT_NOT_FOUND),
)
def get_webhook_endpoint(
    services: TheServices, caller: Administrator, endpoint_id: EndpointId
) -> WebhookEndpointView:
    """Where it leads, what is sent there, and whether that works; never the secret."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        return endpoint_view(load_endpoint(session, endpoint_id))


@router.patch(
    "/{endpoint_id}",
    operation_id="updateWebhookEndpoint",
    summary="Change a webhook endpoint",
    responses=problems(
        *AUTHENTICATED,
        *BODY_PROBLEMS,
        ProblemCode.WEBHOOK_ENDPOINT_NOT_FOUND,
        ProblemCode.WEBHOOK_TARGET_REFUSED,
    ),
)
def update_webhook_endpoint(
    services: TheServices, caller: Administrator, endpoint_id: EndpointId, change: WebhookEndpointChange
) -> WebhookEndpointView:
    """Fields that are left out stay. A changed address holds for deliveries that are on their way, too."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        load_endpoint(session, endpoint_id)
    if change.url is not None:
        check_target(services, change.url)
    with tenant_session(services.engine, caller.tenant_id) as session:
        row = load_endpoint(session, endpoint_id, lock=True)
        store.change_endpoint(session, row, change)
        _audit(session, caller, "changed", endpoint_id, fields=sorted(change.model_fields_set))
        return endpoint_view(row)


@router.delete(
    "/{endpoint_id}",
    operation_id="deleteWebhookEndpoint",
    summary="Remove a webhook endpoint",
    status_code=204,
    response_class=Response,
    responses=problems(*AUTHENTICATED, ProblemCode.WEBHOOK_ENDPOINT_NOT_FOUND),
)
def delete_webhook_endpoint(services: TheServices, caller: Administrator, endpoint_id: EndpointId) -> None:
    """Its deliveries, also those that are on their way, go with it; events stay."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        session.delete(load_endpoint(session, endpoint_id, lock=True))
        _audit(session, caller, "deleted", endpoint_id)


@router.post(
    "/{endpoint_id}/rotate",
    operation_id="rotateWebhookSecret",
    summary="Give a webhook endpoint a new secret",
    responses=problems(*AUTHENTICATED, *BODY_PROBLEMS, ProblemCode.WEBHOOK_ENDPOINT_NOT_FOUND),
)
def rotate_webhook_secret(
    services: TheServices,
    caller: Administrator,
    endpoint_id: EndpointId,
    rotation: Annotated[SecretRotation | None, Body()] = None,
) -> WebhookEndpointWithSecret:
    """For `overlap_s` seconds every message carries two signatures, so that nothing has to stop."""
    overlap_s = (rotation or SecretRotation()).overlap_s
    with tenant_session(services.engine, caller.tenant_id) as session:
        row = load_endpoint(session, endpoint_id, lock=True)
        store.rotate_secret(session, row, overlap_s=overlap_s)
        _audit(session, caller, "rotated", endpoint_id, overlap_s=overlap_s)
        return with_secret(services, row)


@router.post(
    "/{endpoint_id}/test",
    operation_id="testWebhookEndpoint",
    summary="Send a test event",
    status_code=202,
    responses=problems(
        *AUTHENTICATED, ProblemCode.WEBHOOK_ENDPOINT_NOT_FOUND, ProblemCode.WEBHOOK_ENDPOINT_DISABLED
    ),
)
def test_webhook_endpoint(services: TheServices, caller: Administrator, endpoint_id: EndpointId) -> EventView:
    """A `webhook.test`, whatever types the endpoint asked for. See its deliveries for what came of it."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        require_enabled(load_endpoint(session, endpoint_id))
        event_id = emit_test(session, tenant_id=caller.tenant_id, endpoint_id=endpoint_id)
        event = store.find_event(session, event_id)
        assert event is not None
        return event_view(event)


@router.get(
    "/{endpoint_id}/deliveries",
    operation_id="listWebhookDeliveries",
    summary="List what was sent to an endpoint, newest first",
    responses=problems(*AUTHENTICATED, ProblemCode.WEBHOOK_ENDPOINT_NOT_FOUND, ProblemCode.VALIDATION_FAILED),
)
def list_webhook_deliveries(
    services: TheServices,
    caller: Administrator,
    endpoint_id: EndpointId,
    cursor: WebhookDeliveryPage,
) -> DeliveryList:
    """Every attempt with status and duration. What the receiver answered beyond its status is not kept."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        load_endpoint(session, endpoint_id)
        page, has_more = store.list_deliveries(session, cursor, endpoint_id=endpoint_id)
        return delivery_list(page, store.attempts_of(session, page), has_more=has_more)


def _audit(session: Session, caller: KeyHolder, what: str, endpoint_id: str, **details: object) -> None:
    """Record a change without addresses: they may name people, and no entry can be erased."""
    audit.record(
        session,
        tenant_id=caller.tenant_id,
        actor=caller.actor,
        action=f"webhook_endpoint.{what}",
        subject=endpoint_id,
        details=details,
    )


def load_endpoint(session: Session, endpoint_id: str, *, lock: bool = False) -> WebhookEndpoint:
    """Load the tenant's endpoint.

    Raises:
        RefusedError: `webhook_endpoint_not_found`, for what never was as for another tenant's.
    """
    row = (
        store.find_endpoint(session, endpoint_id, lock=lock)
        if is_id(endpoint_id, Prefix.WEBHOOK_ENDPOINT)
        else None
    )
    if row is None:
        raise RefusedError(
            ProblemCode.WEBHOOK_ENDPOINT_NOT_FOUND,
            "Check the identifier; it may have been removed, or be another tenant's.",
        )
    return row


def require_enabled(row: WebhookEndpoint) -> None:
    """Raise `webhook_endpoint_disabled` where nothing would be sent."""
    if row.status != EndpointStatus.ENABLED:
        raise RefusedError(
            ProblemCode.WEBHOOK_ENDPOINT_DISABLED, "Set its `status` to `enabled` first, then repeat this."
        )


def check_target(services: Services, url: str) -> None:
    """Raise `webhook_target_refused` where `url` is not to be sent to, or leads nowhere."""
    try:
        services.webhook_targets.check(url)
    except TargetRefusedError as fault:
        raise _refused(str(fault)) from fault
    except NameUnresolvedError as fault:
        raise _refused(f"Register the address once its name resolves: {fault}.") from fault


def _refused(detail: str) -> RefusedError:
    return RefusedError(
        ProblemCode.WEBHOOK_TARGET_REFUSED, detail, faults=[FieldFault(field="url", detail=detail)]
    )


def with_secret(services: Services, row: WebhookEndpoint) -> WebhookEndpointWithSecret:
    """Return the endpoint with its current secret, for the two operations that show it."""
    secret = secret_of(row.secret_salt, key_secret=services.settings.key_secret.get_secret_value())
    return WebhookEndpointWithSecret(**endpoint_view(row).model_dump(), secret=secret)
