"""Consents, the tenant's own rules, and receipts of what was erased."""

from datetime import datetime
from typing import Any

from candor_client.flow import Flow, Request, Stream, given, path_of
from candor_client.models import Consent, ConsentList, Erasure, ImpactReport, Jurisdiction, Purpose, Tenant
from candor_client.operation import Group, TransportT_co, iteration, operation

CONSENTS, TENANT, ERASURES = "/v1/consents", "/v1/tenant", "/v1/erasures"


class Consents(Group[TransportT_co]):
    """What candidates agreed to."""

    @operation("createConsent")
    def create(
        self,
        *,
        candidate: str,
        purpose: Purpose | str,
        version: str,
        consented_at: datetime,
        text_sha256: str | None = None,
    ) -> Flow[Consent]:
        """Record a consent before an answer. Sent again, it is the same consent.

        Args:
            candidate: the platform's own identifier of the person; a new one creates the candidate.
            purpose: what it was given for; consent to one purpose covers no other.
            version: which version of the words was shown.
            consented_at: when the candidate agreed, with an offset from UTC.
            text_sha256: of the words that were shown.
        """
        body = given(
            candidate=candidate,
            purpose=purpose,
            version=version,
            consented_at=consented_at.isoformat(),
            text_sha256=text_sha256,
        )
        return self._core.fetch(Consent, Request("POST", CONSENTS, json=body))

    @iteration("listConsents")
    def list(
        self, *, candidate: str | None = None, page_size: int = 100, starting_after: str | None = None
    ) -> Stream[Consent]:
        """List every consent, newest first; those of one person, if asked for."""
        params = {"limit": page_size, "starting_after": starting_after, "candidate": candidate}
        yield from self._core.pages(ConsentList, CONSENTS, params)

    @operation("getConsent")
    def get(self, consent_id: str) -> Flow[Consent]:
        """Return one consent, and whether it still holds."""
        return self._core.fetch(Consent, Request("GET", path_of(f"{CONSENTS}/{{}}", consent_id)))

    @operation("withdrawConsent")
    def withdraw(self, consent_id: str) -> Flow[Consent]:
        """Stop the analyses that rest on it, and erase their answers and reports."""
        return self._core.fetch(Consent, Request("POST", path_of(f"{CONSENTS}/{{}}/withdraw", consent_id)))


class Tenants(Group[TransportT_co]):
    """The tenant that the key belongs to."""

    @operation("getTenant")
    def get(self) -> Flow[Tenant]:
        """Return jurisdiction, retention, and the rule for each purpose."""
        return self._core.fetch(Tenant, Request("GET", TENANT))

    @operation("updateTenant")
    def update(
        self, *, jurisdiction: Jurisdiction | str | None = None, retention: dict[str, Any] | None = None
    ) -> Flow[Tenant]:
        """Change jurisdiction, or days of retention (`{"media_days": 7}`). Needs the scope `admin`."""
        body = given(jurisdiction=jurisdiction, retention=retention)
        return self._core.fetch(Tenant, Request("PATCH", TENANT, json=body))


class Erasures(Group[TransportT_co]):
    """Receipts."""

    @operation("getErasure")
    def get(self, erasure_id: str) -> Flow[Erasure]:
        """Return what was erased and when; not whose it was."""
        return self._core.fetch(Erasure, Request("GET", path_of(f"{ERASURES}/{{}}", erasure_id)))


class ImpactRatios(Group[TransportT_co]):
    """Whether groups of people fare alike."""

    @operation("getImpactRatios")
    def get(
        self, *, score: str, question: str | None = None, purpose: Purpose | str | None = None
    ) -> Flow[ImpactReport]:
        """Return shares above the median by group, over the best group's share. Needs the scope `admin`."""
        params = {"score": score, "question": question, "purpose": purpose}
        return self._core.fetch(ImpactReport, Request("GET", "/v1/impact_ratios", params=params))
