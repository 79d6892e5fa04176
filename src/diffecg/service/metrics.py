"""What the server counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.jobs = Counter("diffecg_jobs", "Jobs that ended", ["task", "state"], registry=self.registry)
        self.refused = Counter(
            "diffecg_refused", "Jobs refused because the queue was full", registry=self.registry
        )
        self.waiting = Gauge("diffecg_jobs_waiting", "Jobs that wait", registry=self.registry)
        self.together = Histogram(
            "diffecg_jobs_together",
            "Jobs that were computed together",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=self.registry,
        )
        self.worker_deaths = Counter(
            "diffecg_worker_deaths", "Times that the computing process ended", registry=self.registry
        )

    def text(self) -> bytes:
        """Return all counters in Prometheus' text format."""
        return generate_latest(self.registry)
