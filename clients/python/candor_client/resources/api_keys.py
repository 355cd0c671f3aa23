"""The tenant's keys. Needs the scope `admin`, except for `own`."""

from collections.abc import Sequence
from datetime import datetime

from candor_client.flow import Flow, Request, Stream, given, path_of
from candor_client.models import ApiKey, ApiKeyList, CreatedApiKey, OwnApiKey, Scope
from candor_client.operation import Group, TransportT_co, iteration, operation

PATH = "/v1/api_keys"


class ApiKeys(Group[TransportT_co]):
    """A key is shown once, when it is made; the server keeps no copy."""

    @iteration("listApiKeys")
    def list(self, *, page_size: int = 100, starting_after: str | None = None) -> Stream[ApiKey]:
        """List every key, newest first, also those that expired or were revoked."""
        params = {"limit": page_size, "starting_after": starting_after}
        yield from self._core.pages(ApiKeyList, PATH, params)

    @operation("createApiKey")
    def create(
        self, *, name: str, scopes: Sequence[Scope | str], expires_at: datetime | None = None
    ) -> Flow[CreatedApiKey]:
        """Make a key that can do no more, and lasts no longer, than the one that asks.

        Args:
            name: for people.
            scopes: what it may do.
            expires_at: with a time zone; never, if left out.
        """
        body = {"name": name, "scopes": [str(scope) for scope in scopes], **expiry(expires_at)}
        return self._core.fetch(CreatedApiKey, Request("POST", PATH, json=body))

    @operation("getOwnApiKey")
    def own(self) -> Flow[OwnApiKey]:
        """Get what the key that asks may do, until when, and for which tenant."""
        return self._core.fetch(OwnApiKey, Request("GET", f"{PATH}/self"))

    @operation("getApiKey")
    def get(self, key_id: str) -> Flow[ApiKey]:
        """Get a key: when it was used last, and whether it is still good."""
        return self._core.fetch(ApiKey, Request("GET", path_of(f"{PATH}/{{}}", key_id)))

    @operation("rotateApiKey")
    def rotate(
        self, key_id: str, *, overlap_s: int = 86_400, expires_at: datetime | None = None
    ) -> Flow[CreatedApiKey]:
        """Put a new key in the place of one; the old one stays good for `overlap_s` seconds."""
        body = {"overlap_s": overlap_s, **expiry(expires_at)}
        request = Request("POST", path_of(f"{PATH}/{{}}/rotate", key_id), json=body)
        return self._core.fetch(CreatedApiKey, request)

    @operation("revokeApiKey")
    def revoke(self, key_id: str) -> Flow[None]:
        """Make it invalid, at once and for good."""
        return self._core.discard(Request("DELETE", path_of(f"{PATH}/{{}}", key_id)))


def expiry(at: datetime | None) -> dict[str, str]:
    """Return the member `expires_at`, where there is one."""
    return given(expires_at=at.isoformat() if at else None)
