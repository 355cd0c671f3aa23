"""The gateway: `python -m gateway.main`, or `uvicorn --factory gateway.main:create_app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from redis.asyncio import Redis

from gateway.assessments.dispatch import CeleryDispatcher, Dispatcher
from gateway.dependencies import Services
from gateway.http.compression import CompressedAnswers
from gateway.http.errors import install_error_handlers
from gateway.http.etags import EntityTags
from gateway.http.idempotency import KeptAnswers, install_replays
from gateway.http.metrics import GatewayMetrics
from gateway.http.middleware import RequestShell
from gateway.http.rate_limits import REQUESTS, UPLOADS, Limiter, RateLimits
from gateway.openapi.document import install_openapi
from gateway.routes import (
    access_exports,
    api_keys,
    assessments,
    audit_events,
    benchmarks,
    candidates,
    consents,
    documentation,
    erasures,
    errors,
    events,
    exports,
    health,
    impact_ratios,
    interview_reports,
    interviews,
    pages,
    questions,
    reports,
    tenant,
    uploads,
    voice_summaries,
    webhook_endpoints,
    webhook_events,
)
from gateway.settings import GatewaySettings
from gateway.webhooks.targets import TargetRules
from services.common.db.session import create_engine_for
from services.common.logging import configure_logging
from services.common.settings import CommonSettings
from services.common.storage import open_store
from services.common.version import VERSION
from services.common.work.ledger import open_ledger
from services.common.work.messaging import create_celery

THREADS = 40
"""Starlette's thread pool; each of its threads may want one database connection."""


def create_app(
    settings: GatewaySettings | None = None,
    common: CommonSettings | None = None,
    *,
    dispatcher: Dispatcher | None = None,
) -> FastAPI:
    """Create the application with everything wired. Nothing is contacted until the first request.

    Args:
        settings: the gateway's own; from the environment by default.
        common: those that every process shares; from the environment by default.
        dispatcher: how work is sent, if not over the broker.

    Raises:
        ConfigurationError: a secret is a placeholder, or the storage URL is not understood.
    """
    settings, common = settings or GatewaySettings(), common or CommonSettings()
    settings.refuse_placeholders(common.environment)
    services = _open_services(settings, common, dispatcher)
    app = FastAPI(
        title="Candor",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.services = services
    install_error_handlers(app)
    install_replays(app)
    install_openapi(app)
    for module in (
        assessments,
        uploads,
        reports,
        exports,
        events,
        interviews,
        interview_reports,
        voice_summaries,
        access_exports,
        impact_ratios,
        consents,
        erasures,
        questions,
        benchmarks,
        webhook_endpoints,
        webhook_events,
        api_keys,
        audit_events,
        tenant,
        health,
        candidates,  # last of those below /v1/candidates: it takes any path
    ):
        app.include_router(module.router)
    app.include_router(errors.router)
    app.include_router(documentation.router)
    app.include_router(pages.router)
    _add_layers(app, settings, common)
    app.add_middleware(
        RequestShell,
        metrics=services.metrics,
        max_body_bytes=settings.max_json_bytes,
        streams=_streams,
        drain_s=settings.drain_s,
    )
    return app


def _streams(method: str, path: str) -> bool:
    """Tell whether a request brings media, which may be large."""
    return (method == "POST" and path == assessments.PATH) or (
        method == "PATCH" and path.startswith(f"{uploads.PATH}/")
    )


def _add_layers(app: FastAPI, settings: GatewaySettings, common: CommonSettings) -> None:
    """Add the layers around the routes, from the inside out."""
    app.add_middleware(KeptAnswers)
    app.add_middleware(EntityTags)
    app.add_middleware(CompressedAnswers)
    quotas = {REQUESTS: settings.rate_requests, UPLOADS: settings.rate_uploads}
    app.add_middleware(RateLimits, limiter=Limiter(common.redis_url.get_secret_value(), quotas))


def _open_services(
    settings: GatewaySettings, common: CommonSettings, dispatcher: Dispatcher | None
) -> Services:
    redis_url = common.redis_url.get_secret_value()
    ledger = open_ledger(redis_url, ttl_s=common.result_ttl_s)
    return Services(
        settings=settings,
        engine=create_engine_for(
            settings.database_url.get_secret_value(), pool_size=THREADS // 4, max_overflow=THREADS * 3 // 4
        ),
        store=open_store(common.storage_url),
        ledger=ledger,
        redis=Redis.from_url(
            redis_url,
            decode_responses=True,
            protocol=2,
            socket_connect_timeout=3,
            socket_timeout=settings.events_poll_s + 5,
        ),
        dispatcher=dispatcher or CeleryDispatcher(create_celery(common, patient=False), ledger),
        metrics=GatewayMetrics(),
        webhook_targets=TargetRules.of(settings, common.environment),
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    services: Services = app.state.services
    await services.redis.aclose()
    services.engine.dispose()


def main() -> None:
    """Serve until told to stop."""
    settings, common = GatewaySettings(), CommonSettings()
    configure_logging(level=common.log_level, json=common.log_json)
    uvicorn.run(
        create_app(settings, common),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    main()
