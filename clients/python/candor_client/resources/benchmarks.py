"""Norms of the tenant's cohorts."""

from candor_client.flow import Flow, Request
from candor_client.models import BenchmarkList, DriftList
from candor_client.operation import Group, TransportT_co, operation

PATH = "/v1/benchmarks"


class Benchmarks(Group[TransportT_co]):
    """At most one of `question`, `role` and `tag` chooses the cohort; none means all of the tenant's."""

    @operation("listBenchmarks")
    def list(
        self,
        *,
        question: str | None = None,
        role: str | None = None,
        tag: str | None = None,
        score: str | None = None,
        limit: int = 20,
        starting_after: str | None = None,
    ) -> Flow[BenchmarkList]:
        """List mean and deciles of a cohort, per score and set of models, the newest models first."""
        params = {"question": question, "role": role, "tag": tag, "score": score, "limit": limit}
        request = Request("GET", PATH, params={**params, "starting_after": starting_after})
        return self._core.fetch(BenchmarkList, request)

    @operation("listBenchmarkDrift")
    def drift(
        self,
        *,
        score: str,
        question: str | None = None,
        role: str | None = None,
        tag: str | None = None,
        limit: int = 20,
        starting_after: str | None = None,
    ) -> Flow[DriftList]:
        """List how one score of a cohort moved over the months."""
        params = {"question": question, "role": role, "tag": tag, "score": score, "limit": limit}
        request = Request("GET", f"{PATH}/drift", params={**params, "starting_after": starting_after})
        return self._core.fetch(DriftList, request)
