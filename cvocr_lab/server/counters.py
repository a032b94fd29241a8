"""What the server counts, for Prometheus.  No value of a paper is in it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from cvocr_lab.server.pool import Queue

_BOUNDS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Counters:
    """Requests by path, status and error code, their times, and faults put in on purpose.

    Parameters
    ----------
    queue
        Its figures are shown as they are when asked for.
    """

    def __init__(self, queue: Queue) -> None:
        self._registry = registry = CollectorRegistry()
        self.replayed = Counter(
            "cvocr_replayed", "answers given again to the same request", registry=registry
        )
        self.faults = Counter(
            "cvocr_faults", "faults put in on purpose", ["fault"], registry=registry
        )
        self._requests = Counter(
            "cvocr_requests", "requests answered", ["path", "status", "code"], registry=registry
        )
        self._seconds = Histogram(
            "cvocr_request_seconds", "time to answer", buckets=_BOUNDS_S, registry=registry
        )
        for name, text, figure in (
            ("requests_inside", "requests waiting or being read", lambda: queue.inside),
            ("queue_places", "requests that may wait", lambda: queue.waiting),
            ("workers", "workers", lambda: len(queue.pool.workers)),
            ("worker_restarts", "workers that were started again", lambda: queue.pool.restarts),
        ):
            Gauge(f"cvocr_{name}", text, registry=registry).set_function(figure)

    def count(self, path: str, status: int, code: str, seconds: float) -> None:
        """Count one answered request.

        Parameters
        ----------
        path
            Of the endpoint.
        status
            Of HTTP.
        code
            The ``errorCode``; "" where there is none.
        seconds
            From its head to its answer.
        """
        self._requests.labels(path, str(status), code).inc()
        self._seconds.observe(seconds)

    def text(self) -> bytes:
        """Give all of it in Prometheus's text format."""
        return generate_latest(self._registry)
