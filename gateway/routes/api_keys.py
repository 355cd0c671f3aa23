"""The tenant's API keys."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from sqlalchemy import select

from gateway.dependencies import Administrator, AnyCaller, ApiKeyPage, Services, TheServices
from gateway.http.paging import page_of, page_statement
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.tenancy import key_management
from gateway.tenancy.key_schemas import (
    ApiKeyList,
    ApiKeyView,
    CreatedApiKey,
    KeyStatus,
    NewApiKey,
    OwnApiKey,
    Rotation,
)
from services.common.db.models import ApiKey
from services.common.db.session import now, tenant_session

PATH = "/v1/api_keys"
router = APIRouter(prefix=PATH, tags=["api keys"])
KeyId = Annotated[str, Path(description="`key_…`", examples=["key_01kajb3z6v8m2q4n7x9r5t1w3y"])]
WRITE_ERRORS = (
    *AUTHENTICATED,
    ProblemCode.VALIDATION_FAILED,
    ProblemCode.BAD_REQUEST,
    ProblemCode.BODY_TOO_LARGE,
    ProblemCode.GRANT_EXCEEDS_OWN,
)


@router.get(
    "",
    operation_id="listApiKeys",
    summary="List keys, newest first",
    responses=problems(*AUTHENTICATED, ProblemCode.VALIDATION_FAILED),
)
def list_api_keys(services: TheServices, caller: Administrator, cursor: ApiKeyPage) -> ApiKeyList:
    """Those that expired or were revoked stay in the list. The keys themselves are not kept anywhere."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        statement = page_statement(select(ApiKey), ApiKey.id, cursor, newest_first=True)
        rows, has_more = page_of(session.scalars(statement).all(), cursor)
        moment = now(session)
    views = [ApiKeyView(**_fields(row), status=key_management.status_of(row, at=moment)) for row in rows]
    return ApiKeyList(data=views, has_more=has_more)


@router.post(
    "",
    operation_id="createApiKey",
    summary="Make a key",
    status_code=201,
    responses=problems(*WRITE_ERRORS),
)
def create_api_key(
    services: TheServices, caller: Administrator, wanted: NewApiKey, response: Response
) -> CreatedApiKey:
    """It can do no more, and lasts no longer, than the key that asks for it. Shown here and never again."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        row, secret = key_management.create(session, caller, wanted, key_secret=_key_secret(services))
    response.headers["Location"] = f"{PATH}/{row.id}"
    return CreatedApiKey(**_fields(row), status=KeyStatus.ACTIVE, key=secret)


@router.get(
    "/self",
    operation_id="getOwnApiKey",
    summary="The key that asks",
    responses=problems(*AUTHENTICATED),
)
def get_own_api_key(services: TheServices, caller: AnyCaller) -> OwnApiKey:
    """What this key may do, until when, and for which tenant. Needs no scope."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        row, moment = key_management.find(session, caller.key_id), now(session)
    status = key_management.status_of(row, at=moment)
    return OwnApiKey(**_fields(row), status=status, tenant_id=caller.tenant_id)


@router.get(
    "/{key_id}",
    operation_id="getApiKey",
    summary="One key",
    responses=problems(*AUTHENTICATED, ProblemCode.API_KEY_NOT_FOUND),
)
def get_api_key(services: TheServices, caller: Administrator, key_id: KeyId) -> ApiKeyView:
    """When it was used last, and whether it is still good."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        row, moment = key_management.find(session, key_id), now(session)
    return ApiKeyView(**_fields(row), status=key_management.status_of(row, at=moment))


@router.post(
    "/{key_id}/rotate",
    operation_id="rotateApiKey",
    summary="Put a new key in the place of one",
    status_code=201,
    responses=problems(*WRITE_ERRORS, ProblemCode.API_KEY_NOT_FOUND, ProblemCode.API_KEY_NOT_ACTIVE),
)
def rotate_api_key(
    services: TheServices,
    caller: Administrator,
    key_id: KeyId,
    response: Response,
    rotation: Rotation | None = None,
) -> CreatedApiKey:
    """Both keys are good for `overlap_s`, so that nothing stops while the new one is rolled out."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        row, secret = key_management.rotate(
            session, caller, key_id, rotation or Rotation(), key_secret=_key_secret(services)
        )
    response.headers["Location"] = f"{PATH}/{row.id}"
    return CreatedApiKey(**_fields(row), status=KeyStatus.ACTIVE, key=secret)


@router.delete(
    "/{key_id}",
    operation_id="revokeApiKey",
    summary="Make a key invalid",
    status_code=204,
    response_class=Response,
    responses=problems(*AUTHENTICATED, ProblemCode.API_KEY_NOT_FOUND),
)
def revoke_api_key(services: TheServices, caller: Administrator, key_id: KeyId) -> None:
    """At once, and for good. The key that asks may be the one; repeated, it changes nothing."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        key_management.revoke(session, caller, key_id)


def _key_secret(services: Services) -> str:
    return services.settings.key_secret.get_secret_value()


def _fields(row: ApiKey) -> dict[str, object]:
    names = ApiKeyView.model_fields.keys() - {"status"}
    return {name: getattr(row, name) for name in names}
