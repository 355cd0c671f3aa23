"""What the OpenAPI document says of webhooks: one for each type of event, with examples that hold."""

from re import fullmatch
from typing import Any

import pytest
from pydantic import BaseModel

from gateway.main import create_app
from gateway.settings import GatewaySettings
from gateway.webhooks import schemas
from gateway.webhooks.events import EventType
from services.common.settings import CommonSettings

MODELS: tuple[type[BaseModel], ...] = (
    schemas.DeliveryView,
    schemas.EventView,
    schemas.NewWebhookEndpoint,
    schemas.Replay,
    schemas.ReplayView,
    schemas.SecretRotation,
    schemas.WebhookEndpointChange,
    schemas.WebhookEndpointView,
    schemas.WebhookEndpointWithSecret,
    schemas.WebhookPayload,
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(GatewaySettings(), CommonSettings()).openapi()


def test_every_type_of_event_is_a_webhook_with_a_valid_example(document: dict[str, Any]) -> None:
    assert set(document["webhooks"]) == set(EventType)
    for type_, methods in document["webhooks"].items():
        body = methods["post"]["requestBody"]["content"]["application/json"]
        assert body["schema"] == {"$ref": "#/components/schemas/WebhookPayload"}
        for example in body["examples"].values():
            payload = schemas.WebhookPayload.model_validate(example["value"])
            assert (payload.type, payload.data.status) == (type_, type_.rpartition(".")[2])
        for parameter in methods["post"]["parameters"]:
            assert fullmatch(parameter["schema"]["pattern"], parameter["example"]), parameter["name"]


def test_operations_of_webhooks_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [
        operation["operationId"]
        for group in ("paths", "webhooks")
        for methods in document[group].values()
        for operation in methods.values()
    ]
    assert len(names) == len(set(names))


def test_examples_hold(document: dict[str, Any]) -> None:
    for model in MODELS:
        for example in document["components"]["schemas"][model.__name__]["examples"]:
            model.model_validate(example)
