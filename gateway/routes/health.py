"""Whether the gateway lives, whether it can work, and how much it does."""

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from gateway.dependencies import Services, TheServices
from gateway.errors import FieldFault, RefusedError
from gateway.http.health_schemas import Liveness, Readiness
from gateway.openapi.document import problems
from gateway.problem_codes import ProblemCode
from services.common.errors import CandorError
from services.common.logging import get_logger
from services.common.work.presence import OK

log = get_logger(__name__)
router = APIRouter(tags=["health"])
CHECK_TIMEOUT_S = 5.0


@router.get("/livez", operation_id="getLiveness", summary="Whether the process answers", responses=problems())
async def livez() -> Liveness:
    """Depends on nothing."""
    return Liveness()


@router.get(
    "/readyz",
    operation_id="getReadiness",
    summary="Whether answers can be accepted",
    responses=problems(ProblemCode.NOT_READY),
)
async def readyz(services: TheServices) -> Readiness:
    """Asks each dependency; `errors` of the 503 names those that fail."""
    names = ("postgres", "redis", "object_store")
    checks = (_check_postgres, _check_redis, services.store.check)
    failed = await asyncio.gather(
        _failure(checks[0], services), _failure(checks[1], services), _failure(checks[2])
    )
    state = dict(zip(names, failed, strict=True))
    if services.settings.ready_needs_workers and state["redis"] is None:
        state |= await _missing_workers(services)
    faults = [FieldFault(field=name, detail=fault) for name, fault in state.items() if fault]
    if faults:
        raise RefusedError(
            ProblemCode.NOT_READY, "Wait until the dependencies in `errors` are back.", faults=faults
        )
    return Readiness(checks=dict.fromkeys(state, "ok"))


async def _missing_workers(services: Services) -> dict[str, str | None]:
    """Return what each worker lacks by its own account, as `text worker`, `fusion worker` and so on."""
    try:
        told = await run_in_threadpool(services.ledger.read_workers)
    except RedisError as fault:
        log.warning("not_ready", detail=str(fault))
        return {"workers": "are not known"}
    silent = "has not been heard of lately"
    return {f"{queue} worker": None if how == OK else how or silent for queue, how in told.items()}


async def _failure(check: Callable[..., None], *arguments: Services) -> str | None:
    """Return why `check` fails, in words that tell strangers nothing; null where it does not."""
    try:
        await asyncio.wait_for(run_in_threadpool(check, *arguments), CHECK_TIMEOUT_S)
    except TimeoutError:
        return "did not answer in time"
    except (SQLAlchemyError, RedisError, CandorError, OSError) as fault:
        log.warning("not_ready", detail=str(fault))
        return "is out of reach"
    return None


def _check_postgres(services: Services) -> None:
    with services.engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def _check_redis(services: Services) -> None:
    services.ledger.is_known("readiness")


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Counters for Prometheus",
    response_class=Response,
    responses={
        200: {
            "content": {"text/plain": {"schema": {"type": "string"}}},
            "description": "Text exposition format.",
        },
        **problems(),
    },
)
def metrics(services: TheServices) -> Response:
    """Keep this path away from the internet."""
    return Response(services.metrics.render(), media_type=CONTENT_TYPE_LATEST)
