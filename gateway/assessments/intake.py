"""The main use case: from a received form to a committed assessment, and on to the workers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gateway.assessments.admission import admit_media
from gateway.assessments.dispatch import Dispatcher, dispatch
from gateway.assessments.enrolment import work_of
from gateway.assessments.forms import parse_form
from gateway.assessments.placement import inherit_from_interview
from gateway.assessments.repository import StoredAssessment, add_assessment
from gateway.assessments.schemas import AcceptedAssessment
from gateway.assessments.views import assessment_view
from gateway.http.metrics import GatewayMetrics
from gateway.settings import GatewaySettings
from gateway.tenancy.candidate_tokens import issue_candidate_token
from gateway.tenancy.candidates import ensure_candidate
from gateway.uploads.multipart import Received, join_media
from gateway.uploads.resumable import claim_uploads
from services.common.db.session import tenant_session
from services.common.storage import ObjectStore

Remember = Callable[[Session, AcceptedAssessment], None]
"""Keeps the answer to the client, for a repetition of the request, in the transaction that accepts it."""


class Accepted(NamedTuple):
    """An answer that is committed: what the client gets to see, and what the workers need."""

    view: AcceptedAssessment
    stored: StoredAssessment


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes answers in.

    Attributes:
        engine: connected as `candor_gateway`.
        store: holds the media that was received already.
        dispatcher: sends work to the analyses.
        metrics: counts uploads and dispatches.
        settings: of the gateway.
    """

    engine: Engine
    store: ObjectStore
    dispatcher: Dispatcher
    metrics: GatewayMetrics
    settings: GatewaySettings

    def commit(self, tenant_id: str, received: Received, *, remember: Remember) -> Accepted:
        """Commit an answer whose media is stored already; nothing is sent to the workers yet.

        Raises:
            RefusedError: the form is faulty, or names what it may not; `emotion_inference_not_permitted`,
                `consent_required`. The caller removes the media.
        """
        form = parse_form(received.fields)
        with tenant_session(self.engine, tenant_id) as session:
            form = inherit_from_interview(session, form)
            media = join_media(received.media, claim_uploads(session, form.upload))
            candidate_id = ensure_candidate(session, tenant_id=tenant_id, external_id=form.candidate)
            admission = admit_media(
                session, tenant_id=tenant_id, candidate_id=candidate_id, form=form, media=media
            )
            stored = add_assessment(
                session, tenant_id=tenant_id, candidate_id=candidate_id, form=form, admission=admission
            )
            accepted = self._view(session, stored)
            remember(session, accepted)
            for part in admission.turned_away:  # last: an upload that a rollback gives back must still exist
                self.store.delete(part.key)
        for part in admission.media:
            self.metrics.uploaded(part.kind, part.size_bytes)
        return Accepted(accepted, stored)

    def send_to_workers(self, stored: StoredAssessment) -> None:
        """Send a committed answer to the analyses; what cannot be sent now is sent by recovery."""
        work = work_of(self.engine, stored, voice_enrolment=self.settings.voice_enrolment)
        sent = dispatch(self.engine, self.dispatcher, work, recheck_after_s=self.settings.recheck_after_s)
        self.metrics.dispatched(sent=sent)

    def _view(self, session: Session, stored: StoredAssessment) -> AcceptedAssessment:
        token = issue_candidate_token(
            session,
            stored.row,
            key_secret=self.settings.key_secret.get_secret_value(),
            ttl_s=self.settings.candidate_token_ttl_s,
        )
        return AcceptedAssessment(**dict(assessment_view(stored, {})), candidate_token=token)
