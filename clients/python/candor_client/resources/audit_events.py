"""Who did what in the tenant. Needs the scope `admin`."""

from datetime import datetime

from candor_client.filters import as_params
from candor_client.flow import Stream
from candor_client.models import AuditEvent, AuditEventList
from candor_client.operation import Group, TransportT_co, iteration

PATH = "/v1/audit_events"


class AuditEvents(Group[TransportT_co]):
    """Entries are hash-chained: nobody changes or removes one unseen."""

    @iteration("listAuditEvents")
    def list(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        created_from: datetime | None = None,
        created_before: datetime | None = None,
        page_size: int = 100,
        starting_after: str | None = None,
    ) -> Stream[AuditEvent]:
        """List every entry, newest first.

        Args:
            actor: entries of this key (`key_…`), or of `candidate`, `operator` or `system`.
            action: such as `api_key.created`.
            subject: what it was done to.
            created_from: written then or later, with a time zone.
            created_before: written before that.
            page_size: how many to ask for at once, 1 to 100.
            starting_after: go on after this identifier.
        """
        params = {"actor": actor, "action": action, "subject": subject, "limit": page_size}
        times = as_params({"created_from": created_from, "created_before": created_before})
        params |= {"starting_after": starting_after, **times}
        yield from self._core.pages(AuditEventList, PATH, params)
