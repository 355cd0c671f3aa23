"""What operators watch, in Prometheus's terms. One registry per application, so that tests do not share."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from services.common.contracts.labels import MediaKind

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)


class GatewayMetrics:
    """Counters of one gateway process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "candor_gateway_requests",
            "Requests answered, by route template.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "candor_gateway_request_seconds",
            "Time until the answer was complete, event streams included.",
            ["method", "route"],
            buckets=BUCKETS_S,
            registry=self._registry,
        )
        self._uploaded = Counter(
            "candor_gateway_upload_bytes", "Bytes of accepted media.", ["kind"], registry=self._registry
        )
        self._dispatches = Counter(
            "candor_gateway_dispatches",
            "Chords sent to the broker, or left to recovery because it was down.",
            ["outcome"],
            registry=self._registry,
        )

    def request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; unknown methods share a label, since clients make them up."""
        method = method if method in KNOWN_METHODS else "OTHER"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def uploaded(self, kind: MediaKind, size_bytes: int) -> None:
        self._uploaded.labels(kind).inc(size_bytes)

    def dispatched(self, *, sent: bool) -> None:
        self._dispatches.labels("sent" if sent else "left_to_recovery").inc()

    def render(self) -> bytes:
        """Return the metrics in Prometheus' text exposition format."""
        return generate_latest(self._registry)
