"""Where a tenant has its events sent, and the events. Needs the scope `admin`."""

from collections.abc import Sequence

from candor_client.flow import Flow, Request, Stream, given, path_of
from candor_client.models import (
    DeliveryList,
    EndpointStatus,
    Event,
    EventList,
    EventType,
    Replayed,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEndpointList,
    WebhookEndpointWithSecret,
)
from candor_client.operation import Group, TransportT_co, iteration, operation

ENDPOINTS, EVENTS = "/v1/webhook_endpoints", "/v1/events"


class WebhookEndpoints(Group[TransportT_co]):
    """Addresses for events. What arrives there is checked with `verify_webhook`."""

    @operation("createWebhookEndpoint")
    def create(
        self, *, url: str, description: str = "", event_types: Sequence[EventType | str] = ()
    ) -> Flow[WebhookEndpointWithSecret]:
        """Register an address. Keep the secret: it is not shown again.

        Args:
            url: `https://`, a public address; redirects are not followed.
            description: for people.
            event_types: what to send; empty means everything.
        """
        body = {"url": url, "description": description, "event_types": [str(type_) for type_ in event_types]}
        return self._core.fetch(WebhookEndpointWithSecret, Request("POST", ENDPOINTS, json=body))

    @iteration("listWebhookEndpoints")
    def list(self, *, page_size: int = 100, starting_after: str | None = None) -> Stream[WebhookEndpoint]:
        """List every endpoint, newest first."""
        params = {"limit": page_size, "starting_after": starting_after}
        yield from self._core.pages(WebhookEndpointList, ENDPOINTS, params)

    @operation("getWebhookEndpoint")
    def get(self, endpoint_id: str) -> Flow[WebhookEndpoint]:
        """Get an endpoint or an event, without its secret."""
        return self._core.fetch(WebhookEndpoint, Request("GET", path_of(f"{ENDPOINTS}/{{}}", endpoint_id)))

    @operation("updateWebhookEndpoint")
    def update(
        self,
        endpoint_id: str,
        *,
        url: str | None = None,
        description: str | None = None,
        event_types: Sequence[EventType | str] | None = None,
        status: EndpointStatus | str | None = None,
    ) -> Flow[WebhookEndpoint]:
        """Change what is given; the rest stays."""
        body = given(url=url, description=description, status=status)
        if event_types is not None:
            body["event_types"] = [str(type_) for type_ in event_types]
        path = path_of(f"{ENDPOINTS}/{{}}", endpoint_id)
        return self._core.fetch(WebhookEndpoint, Request("PATCH", path, json=body))

    @operation("deleteWebhookEndpoint")
    def delete(self, endpoint_id: str) -> Flow[None]:
        """Remove it, with what is on its way there."""
        return self._core.discard(Request("DELETE", path_of(f"{ENDPOINTS}/{{}}", endpoint_id)))

    @operation("rotateWebhookSecret")
    def rotate(self, endpoint_id: str, *, overlap_s: int = 86_400) -> Flow[WebhookEndpointWithSecret]:
        """Give it a new secret; for `overlap_s` seconds both sign, so that nothing has to stop."""
        path = path_of(f"{ENDPOINTS}/{{}}/rotate", endpoint_id)
        return self._core.fetch(
            WebhookEndpointWithSecret, Request("POST", path, json={"overlap_s": overlap_s})
        )

    @operation("testWebhookEndpoint")
    def test(self, endpoint_id: str) -> Flow[Event]:
        """Send a `webhook.test`; see its deliveries for what came of it."""
        return self._core.fetch(Event, Request("POST", path_of(f"{ENDPOINTS}/{{}}/test", endpoint_id)))

    @iteration("listWebhookDeliveries")
    def deliveries(
        self, endpoint_id: str, *, page_size: int = 100, starting_after: str | None = None
    ) -> Stream[WebhookDelivery]:
        """List deliveries, newest first, with every attempt."""
        params = {"limit": page_size, "starting_after": starting_after}
        path = path_of(f"{ENDPOINTS}/{{}}/deliveries", endpoint_id)
        yield from self._core.pages(DeliveryList, path, params)


class Events(Group[TransportT_co]):
    """What happened, recorded whether an endpoint wants it or not."""

    @iteration("listEvents")
    def list(
        self,
        *,
        types: Sequence[EventType | str] = (),
        assessment: str | None = None,
        page_size: int = 100,
        starting_after: str | None = None,
    ) -> Stream[Event]:
        """List every event, newest first.

        Args:
            types: these only; all by default.
            assessment: about this answer only.
            page_size: how many to ask for at once, 1 to 100.
            starting_after: go on after this identifier.
        """
        params = {
            "type": [str(type_) for type_ in types],
            "assessment": assessment,
            "limit": page_size,
            "starting_after": starting_after,
        }
        yield from self._core.pages(EventList, EVENTS, params)

    @operation("getEvent")
    def get(self, event_id: str) -> Flow[Event]:
        """Get an endpoint or an event, without its secret."""
        return self._core.fetch(Event, Request("GET", path_of(f"{EVENTS}/{{}}", event_id)))

    @iteration("listEventDeliveries")
    def deliveries(
        self, event_id: str, *, page_size: int = 100, starting_after: str | None = None
    ) -> Stream[WebhookDelivery]:
        """List deliveries, newest first, with every attempt."""
        params = {"limit": page_size, "starting_after": starting_after}
        path = path_of(f"{EVENTS}/{{}}/deliveries", event_id)
        yield from self._core.pages(DeliveryList, path, params)

    @operation("replayEvent")
    def replay(self, event_id: str, *, endpoint_id: str | None = None) -> Flow[Replayed]:
        """Send it again, to one endpoint or to every enabled one that wants its type."""
        path = path_of(f"{EVENTS}/{{}}/replay", event_id)
        return self._core.fetch(Replayed, Request("POST", path, json=given(endpoint_id=endpoint_id)))
