"""The delivery worker: `python -m gateway.tasks` takes messages off the queue `delivery` and sets the pace.

Its own beat sends `delivery.recover` every few seconds, `delivery.send` every second, `delivery.forget`
every minute and `delivery.sweep` every ten. Several workers, and so several beats, do no harm: each run
claims its own work, or finds it done.
"""

from functools import cached_property

from celery import Celery, signals
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gateway.assessments.dispatch import CeleryDispatcher
from gateway.assessments.recovery import Recovery
from gateway.rights.retention import Sweep
from gateway.rights.sweeps import sweep_requests
from gateway.settings import GatewaySettings
from gateway.webhooks.delivery import DeliveryPump
from gateway.webhooks.guarded_http import GuardedClient
from gateway.webhooks.store import forget_events
from gateway.webhooks.targets import TargetRules
from services.common.contracts.tasks import (
    DELIVERY_FORGET,
    DELIVERY_RECOVER,
    DELIVERY_SEND,
    DELIVERY_SWEEP,
    QUEUE_OF_TASK,
)
from services.common.db.session import create_engine_for
from services.common.logging import configure_logging, get_logger
from services.common.settings import CommonSettings
from services.common.storage import ObjectStore, open_store
from services.common.work.ledger import WorkLedger, open_ledger
from services.common.work.messaging import create_celery, run_worker

log = get_logger(__name__)
FORGET_EVERY_S = 60.0
STOP_WITHIN_S = 8.0
"""Less than the ten seconds that docker gives a container between asking it to stop and killing it."""
IN_MEMORY_SCHEDULER = "celery.beat:Scheduler"
"""Celery's default keeps a file, which a read-only container has no place for."""


class DeliveryRuntime:
    """What the worker process holds, opened on first use, so that nothing is shared across its fork."""

    def __init__(self, common: CommonSettings, settings: GatewaySettings, app: Celery) -> None:
        self._common, self._settings, self._app = common, settings, app

    @cached_property
    def engine(self) -> Engine:
        return create_engine_for(
            self._settings.database_url.get_secret_value(),
            pool_size=2,
            max_overflow=self._settings.webhook_threads,
        )

    @cached_property
    def ledger(self) -> WorkLedger:
        return open_ledger(self._common.redis_url.get_secret_value(), ttl_s=self._common.result_ttl_s)

    @cached_property
    def sweeper(self) -> Sweep:
        return Sweep(engine=self.engine, store=self.store, ledger=self.ledger)

    @cached_property
    def store(self) -> ObjectStore:
        return open_store(self._common.storage_url)

    @cached_property
    def recovery(self) -> Recovery:
        return Recovery(
            engine=self.engine,
            dispatcher=CeleryDispatcher(self._app, self.ledger),
            ledger=self.ledger,
            settings=self._settings,
        )

    @cached_property
    def pump(self) -> DeliveryPump:
        client = GuardedClient(
            TargetRules.of(self._settings, self._common.environment),
            timeout_s=self._settings.webhook_timeout_s,
            ca_file=self._settings.webhook_ca_file,
        )
        return DeliveryPump(engine=self.engine, client=client, settings=self._settings)

    def send(self) -> None:
        """Begin what is due; its threads go on when this has returned."""
        try:
            self.pump.run()
        except SQLAlchemyError as fault:
            log.warning("deliveries_postponed", detail=str(fault))

    def stop(self) -> None:
        """Let what is being sent be noted, so that a restart costs no duplicates."""
        if "pump" in self.__dict__ and not self.pump.stop(timeout_s=STOP_WITHIN_S):
            log.warning("deliveries_broken_off")

    def forget(self) -> None:
        """Erase what is too old; the next run goes on where this one stops."""
        try:
            with Session(self.engine) as session, session.begin():
                gone = forget_events(session, age_s=self._settings.webhook_keep_events_s)
        except SQLAlchemyError as fault:
            log.warning("events_not_forgotten", detail=str(fault))
            return
        if gone:
            log.info("events_forgotten", events=gone)

    def sweep(self) -> None:
        """Erase what was kept long enough."""
        try:
            sweep_requests(self.engine, self.store)
            swept = self.sweeper.run()
        except SQLAlchemyError as fault:
            log.warning("sweep_postponed", detail=str(fault))
            return
        if swept:
            log.info("swept", **swept)

    def recover(self) -> None:
        """Recover once, bounded; an outage of the database waits for the next run."""
        try:
            done = self.recovery.run()
        except SQLAlchemyError as fault:
            log.warning("recovery_postponed", detail=str(fault))
            return
        if done.sent or done.expired:
            log.info("recovered", looked_at=done.looked_at, sent=done.sent, expired=done.expired)


def create_worker(common: CommonSettings, settings: GatewaySettings) -> Celery:
    """Create the Celery application with the tasks of this worker and their timetable."""
    app = create_celery(common, patient=False)
    runtime = DeliveryRuntime(common, settings, app)

    @app.task(name=DELIVERY_RECOVER, ignore_result=True, acks_late=False)
    def recover() -> None:
        runtime.recover()

    @app.task(name=DELIVERY_SEND, ignore_result=True, acks_late=False)
    def send() -> None:
        runtime.send()

    @app.task(name=DELIVERY_FORGET, ignore_result=True, acks_late=False)
    def forget() -> None:
        runtime.forget()

    @app.task(name=DELIVERY_SWEEP, ignore_result=True, acks_late=False)
    def sweep() -> None:
        runtime.sweep()

    signals.worker_process_shutdown.connect(lambda **_: runtime.stop(), weak=False)
    every_s = {
        DELIVERY_RECOVER: settings.recover_every_s,
        DELIVERY_SEND: settings.webhook_deliver_every_s,
        DELIVERY_FORGET: FORGET_EVERY_S,
        DELIVERY_SWEEP: settings.sweep_every_s,
    }
    app.conf.beat_schedule = {
        task: {
            "task": task,
            "schedule": seconds,
            "options": {"expires": max(seconds, 5.0), "ignore_result": True},
        }
        for task, seconds in every_s.items()
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
