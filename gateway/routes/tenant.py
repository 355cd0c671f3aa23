"""The tenant itself: whose law it is under, and how long things are kept."""

from typing import Any

from fastapi import APIRouter

from gateway.dependencies import Administrator, AnyCaller, TheServices
from gateway.http.fields import Purpose
from gateway.law.policy import NOTICES, Jurisdiction, Reader, decide
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.tenancy.tenant_schemas import Retention, Rule, TenantChange, TenantView
from gateway.tenancy.tenants import JURISDICTION, change_tenant, find_tenant
from services.common.contracts.labels import Modality
from services.common.contracts.results import Notice
from services.common.db.models import Tenant
from services.common.db.session import tenant_session

router = APIRouter(prefix="/v1/tenant", tags=["tenant"])


@router.get(
    "",
    operation_id="getTenant",
    summary="Whose law applies, and what follows from it",
    responses=problems(*AUTHENTICATED),
)
def get_tenant(services: TheServices, caller: AnyCaller) -> TenantView:
    """Jurisdiction, retention, and the rule for each purpose."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        return tenant_view(find_tenant(session, caller.tenant_id))


@router.patch(
    "",
    operation_id="updateTenant",
    summary="Change jurisdiction or retention",
    responses=problems(*AUTHENTICATED, ProblemCode.VALIDATION_FAILED),
)
def update_tenant(services: TheServices, caller: Administrator, change: TenantChange) -> TenantView:
    """Each change is audited. Answers that were handed in before keep what was decided about them."""
    changes: dict[str, Any] = {}
    if change.jurisdiction is not None:
        changes[JURISDICTION] = str(change.jurisdiction)
    if change.retention is not None:
        changes |= change.retention.model_dump(exclude_unset=True)
    with tenant_session(services.engine, caller.tenant_id) as session:
        return tenant_view(change_tenant(session, caller.tenant_id, changes, actor=caller.actor))


def tenant_view(row: Tenant) -> TenantView:
    """Return what the interface shows of a tenant."""
    jurisdiction = Jurisdiction(row.jurisdiction)
    return TenantView(
        id=row.id,
        name=row.name,
        jurisdiction=jurisdiction,
        retention=Retention(
            media_days=row.media_days, features_days=row.features_days, report_days=row.report_days
        ),
        rules=[_rule(jurisdiction, purpose) for purpose in Purpose],
        created_at=row.created_at,
    )


def _rule(jurisdiction: Jurisdiction, purpose: Purpose) -> Rule:
    decision = decide(jurisdiction, purpose)
    return Rule(
        purpose=purpose,
        channels=[modality for modality in Modality if modality in decision.channels],
        refused=dict(decision.refused),
        consent_required=decision.consent_required,
        report_readers=[reader for reader in Reader if reader in decision.report_readers],
        warnings=[Notice(code=code, detail=NOTICES[code]) for code in decision.warnings],
        deletion_within_days=decision.deletion_within_days,
    )
