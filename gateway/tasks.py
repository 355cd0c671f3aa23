"""The delivery worker: `python -m gateway.tasks` takes messages off the queue `delivery` and sets the pace.

Its own beat sends `delivery.recover` every few seconds. Several workers, and so several beats, do no
harm: each run claims its own assessments.
"""

from functools import cached_property

from celery import Celery
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.dispatch import CeleryDispatcher
from gateway.recovery import Recovery
from gateway.settings import GatewaySettings
from services.common.contracts.tasks import DELIVERY_RECOVER, QUEUE_OF_TASK
from services.common.db.session import create_engine_for
from services.common.ledger import open_ledger
from services.common.logging import configure_logging, get_logger
from services.common.messaging import create_celery, run_worker
from services.common.settings import CommonSettings

log = get_logger(__name__)
IN_MEMORY_SCHEDULER = "celery.beat:Scheduler"
"""Celery's default keeps a file, which a read-only container has no place for."""


class DeliveryRuntime:
    """What the worker process holds, opened on first use, so that nothing is shared across its fork."""

    def __init__(self, common: CommonSettings, settings: GatewaySettings, app: Celery) -> None:
        self._common, self._settings, self._app = common, settings, app

    @cached_property
    def engine(self) -> Engine:
        return create_engine_for(self._settings.database_url.get_secret_value(), pool_size=2)

    @cached_property
    def recovery(self) -> Recovery:
        ledger = open_ledger(self._common.redis_url.get_secret_value(), ttl_s=self._common.result_ttl_s)
        return Recovery(
            engine=self.engine,
            dispatcher=CeleryDispatcher(self._app, ledger),
            ledger=ledger,
            settings=self._settings,
        )

    def recover(self) -> None:
        """One bounded run; an outage of the database waits for the next one."""
        try:
            done = self.recovery.run()
        except SQLAlchemyError as fault:
            log.warning("recovery_postponed", detail=str(fault))
            return
        if done.sent or done.expired:
            log.info("recovered", looked_at=done.looked_at, sent=done.sent, expired=done.expired)


def create_worker(common: CommonSettings, settings: GatewaySettings) -> Celery:
    """The Celery application with the task of this worker and its timetable."""
    app = create_celery(common, patient=False)
    runtime = DeliveryRuntime(common, settings, app)

    @app.task(name=DELIVERY_RECOVER, ignore_result=True, acks_late=False)
    def recover() -> None:
        runtime.recover()

    app.conf.beat_schedule = {
        DELIVERY_RECOVER: {
            "task": DELIVERY_RECOVER,
            "schedule": settings.recover_every_s,
            "options": {"expires": settings.recover_every_s, "ignore_result": True},
        }
    }
    return app


def main() -> None:
    """Run the worker, with its beat, until it is told to stop."""
    common = CommonSettings()
    configure_logging(level=common.log_level, json=common.log_json)
    run_worker(
        create_worker(common, GatewaySettings()),
        common,
        queue=QUEUE_OF_TASK[DELIVERY_RECOVER],
        extra=["--beat", "--scheduler", IN_MEMORY_SCHEDULER],
    )


if __name__ == "__main__":
    main()
