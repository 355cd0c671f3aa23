from typing import Any

import pytest
from celery import Task
from celery.exceptions import MaxRetriesExceededError, Retry

from services.common.settings import CommonSettings
from services.common.work.messaging import create_celery


@pytest.fixture
def task(redis_url: str) -> "Task[Any, Any]":
    app = create_celery(CommonSettings(redis_url=redis_url))

    @app.task(name="trial", bind=True)
    def trial(self: Any) -> None:
        raise AssertionError("never run here")

    return trial


def test_task_may_wait_for_ever_when_it_sets_no_limit(task: Any) -> None:
    task.push_request(retries=50, called_directly=False)
    with pytest.raises(Retry):
        task.retry(countdown=1, max_retries=None)


def test_task_gives_up_when_it_sets_a_limit(task: Any) -> None:
    task.push_request(retries=3, called_directly=False)
    with pytest.raises(MaxRetriesExceededError):
        task.retry(countdown=1, max_retries=3)
