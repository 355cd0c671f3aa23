"""The one place where the policy is enforced: whether an answer may come in, and what of it."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from gateway.assessments.schemas import AssessmentForm
from gateway.errors import RefusedError
from gateway.law.consents import add_consent, consent_in_force, find_consent
from gateway.law.policy import Admission, Decision, decide
from gateway.problem_codes import ProblemCode
from gateway.tenancy.tenants import jurisdiction_of
from services.common.contracts.media import MediaRef
from services.common.db.models import Consent


def admit_media(
    session: Session, *, tenant_id: str, candidate_id: str, form: AssessmentForm, media: Sequence[MediaRef]
) -> Admission:
    """Decide on an answer by its purpose and the tenant's jurisdiction.

    Recordings whose voice and face may not be analysed are turned away as a whole; a typed answer or a
    document beside them comes in alone.

    Raises:
        RefusedError: `emotion_inference_not_permitted`, nothing is left that may be analysed;
            `consent_required`, the jurisdiction asks for one and none is in force; `unknown_consent`.
    """
    decision = decide(jurisdiction_of(session, tenant_id), form.purpose)
    admission = decision.admit(media)
    if not admission.media:
        raise RefusedError(ProblemCode.EMOTION_INFERENCE_NOT_PERMITTED, _not_permitted(decision))
    consent = _consent(session, tenant_id=tenant_id, candidate_id=candidate_id, form=form)
    if consent is not None:
        return replace(admission, consent_id=consent.id)
    if decision.consent_required:
        raise RefusedError(
            ProblemCode.CONSENT_REQUIRED,
            "Record the candidate's consent to this purpose at /v1/consents, "
            "or send `consent_version` and `consented_at` along.",
        )
    return admission


def _not_permitted(decision: Decision) -> str:
    reasons = " ".join(dict.fromkeys(decision.refused.values()))
    return f"{reasons} Send the answer as `text` or `document` to have its words analysed."


def _consent(session: Session, *, tenant_id: str, candidate_id: str, form: AssessmentForm) -> Consent | None:
    """Return the consent that the form names or brings, else the one in force; null where none holds."""
    if form.consent is not None:
        named = find_consent(session, form.consent)
        if named is None or (named.candidate_id, named.purpose) != (candidate_id, form.purpose):
            raise RefusedError(
                ProblemCode.UNKNOWN_CONSENT, "Name a consent of this candidate to this purpose, or none."
            )
        return _held(session, named)
    if form.consent_version is not None and form.consented_at is not None:
        brought = add_consent(
            session,
            tenant_id=tenant_id,
            candidate_id=candidate_id,
            purpose=form.purpose,
            version=form.consent_version,
            consented_at=form.consented_at,
        )
        return _held(session, brought)
    return consent_in_force(session, candidate_id=candidate_id, purpose=form.purpose)


def _held(session: Session, consent: Consent) -> Consent:
    """Lock `consent`, so that it cannot be withdrawn before this answer is stored.

    Raises:
        RefusedError: `consent_required`, it was withdrawn: an answer that names it must not come in, whatever
            the jurisdiction.
    """
    session.refresh(consent, with_for_update={"read": True})
    if consent.withdrawn_at is not None:
        raise RefusedError(
            ProblemCode.CONSENT_REQUIRED, "This consent was withdrawn; ask the candidate for a new one."
        )
    return consent
