"""Whether the server lives and can work. Needs no key."""

from candor_client.flow import Flow, Request
from candor_client.models import Liveness, Readiness
from candor_client.operation import Group, TransportT_co, operation


class Health(Group[TransportT_co]):
    """For probes and dashboards."""

    @operation("getLiveness")
    def live(self) -> Flow[Liveness]:
        """Tell whether the process answers."""
        return self._core.fetch(Liveness, Request("GET", "/livez"))

    @operation("getReadiness")
    def ready(self) -> Flow[Readiness]:
        """Tell whether answers can be accepted.

        Raises:
            ServiceUnavailableError: `errors` names what is out of reach.
        """
        return self._core.fetch(Readiness, Request("GET", "/readyz"))

    @operation("getMetrics")
    def metrics(self) -> Flow[str]:
        """Get the counters for Prometheus, as text."""
        return (yield from self._core.send(Request("GET", "/metrics"))).text
