"""Whom a score is compared with."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.common.contracts.base import Contract

ROLE_TAG = "role:"
"""A tag that starts with this names the post that somebody applies for: `role:nurse`."""

COHORT_TOO_SMALL = "cohort_too_small"
"""The `reason` of figures that are withheld: so few people that they would show one of them."""

Percentile = Annotated[float, Field(ge=0.0, le=100.0)]
Deciles = Annotated[list[float], Field(min_length=9, max_length=9)]


class CohortKind(StrEnum):
    """What the answers of a cohort have in common. No cohort crosses tenants."""

    QUESTION = "question"
    ROLE = "role"
    TAG = "tag"
    TENANT = "tenant"


class Cohort(Contract):
    """Whose answers a score is compared with: to a question, for a role, with a tag, or any."""

    kind: CohortKind
    name: str | None = Field(default=None, description="Null for `tenant`.")

    @model_validator(mode="after")
    def _named(self) -> "Cohort":
        if (self.name is None) != (self.kind is CohortKind.TENANT):
            raise ValueError("every cohort but the tenant's has a name")
        return self

    @property
    def key(self) -> str:
        """Its name in the database, within the tenant. A role is the tag that names it."""
        if self.kind is CohortKind.TENANT:
            return self.kind
        if self.kind is CohortKind.ROLE:
            return f"{CohortKind.TAG}:{ROLE_TAG}{self.name}"
        return f"{self.kind}:{self.name}"


def list_cohorts(*, question_id: str, tags: Sequence[str]) -> list[Cohort]:
    """List the cohorts that an answer belongs to: its question's first, its tenant's last, none twice."""
    tagged = [_make_cohort(tag) for tag in dict.fromkeys(tags)]
    return [
        Cohort(kind=CohortKind.QUESTION, name=question_id),
        *(cohort for cohort in tagged if cohort.kind is CohortKind.ROLE),
        *(cohort for cohort in tagged if cohort.kind is CohortKind.TAG),
        Cohort(kind=CohortKind.TENANT),
    ]


def _make_cohort(tag: str) -> Cohort:
    role = tag.removeprefix(ROLE_TAG)
    if role and role != tag:
        return Cohort(kind=CohortKind.ROLE, name=role)
    return Cohort(kind=CohortKind.TAG, name=tag)


class Standing(Contract):
    """The place of a score in one more cohort."""

    cohort: Cohort
    percentile: Percentile | None = None
    cohort_mean: float | None = None
    n: int = Field(ge=0, description="Other candidates, each counted once.")
    reason: str | None = Field(default=None, description="Why there is no percentile.")
    summary: str | None = Field(
        default=None, description="The percentile in a few words, where there is one. Null in older reports."
    )


class NormSource(Contract):
    """Where a built-in norm comes from."""

    corpus: str
    description: str = Field(description="Who these people are and what they did, in one sentence.")
    protocol: str = Field(description="How their scores were made, so that none was seen in training.")
    licence: str


class Reference(Contract):
    """The place of a score in a norm that came with the installation: people of a public corpus.

    They are no candidates of this tenant: another language, another microphone, often actors.
    """

    percentile: Percentile
    mean: float
    deciles: Deciles
    n: int = Field(ge=1)
    source: NormSource
    summary: str | None = Field(
        default=None, description="The percentile in a few words. Null in older reports."
    )
    caution: str | None = Field(
        default=None,
        description="How far the comparison can be trusted, in a sentence or two. Null in older reports.",
    )


class ReferenceNorm(Contract):
    """A built-in norm: what people of a public corpus scored under one set of models.

    `counts` holds people by bin, in thousandths: `{412: 3}` are three people with 0.412.
    """

    score: str
    model_key: str = Field(description="What made the scores, as `fusion.benchmark.model_keys` names it.")
    counts: dict[int, Annotated[int, Field(ge=1)]] = Field(min_length=1)
    source: NormSource


class ReferenceNorms(Contract):
    """A file of built-in norms."""

    schema_version: Literal[1] = 1
    norms: list[ReferenceNorm]

    @model_validator(mode="after")
    def _unambiguous(self) -> "ReferenceNorms":
        names = [(norm.score, norm.model_key) for norm in self.norms]
        if len(set(names)) < len(names):
            raise ValueError("a score has two norms for the same models")
        return self
