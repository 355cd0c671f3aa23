"""API keys over the interface: scopes, expiry, rotation, last use."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from gateway.provisioning import create_tenant
from services.common.db.models import AuditEventRow
from services.common.db.session import tenant_session

PATH = "/v1/api_keys"
SOON = timedelta(hours=1)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def make(gateway: Any, *, by: str | None = None, **wanted: Any) -> Any:
    body = {"name": "k", "scopes": ["reports:read"], **wanted}
    return gateway.client.post(PATH, json=body, headers=bearer(by) if by else {})


def in_future(delta: timedelta = SOON) -> str:
    return (datetime.now(UTC) + delta).isoformat()


def outcome(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def age(admin: Engine, key_id: str, column: str, *, by: str) -> None:
    with admin.begin() as connection:
        connection.execute(
            text(f"UPDATE api_keys SET {column} = now() - interval '{by}' WHERE id = :id"),
            {"id": key_id},
        )


def test_key_works_and_is_shown_once_when_it_is_made(gateway: Any) -> None:
    answer = make(gateway, name="  export ", scopes=["reports:read", "reports:read"])
    made = answer.json()
    assert answer.status_code == 201
    assert (made["name"], made["scopes"], made["status"]) == ("export", ["reports:read"], "active")
    assert made["key"].startswith(made["hint"])
    assert gateway.client.get("/v1/benchmarks", headers=bearer(made["key"])).status_code == 200
    shown = gateway.client.get(answer.headers["location"]).json()
    assert "key" not in shown
    assert shown["last_used_at"] is not None
    listed = gateway.client.get(PATH).json()["data"]
    assert listed[0]["id"] == made["id"]
    assert made["key"] not in gateway.client.get(PATH).text


def test_key_asks_for_itself_without_any_scope_of_administration(gateway: Any) -> None:
    made = make(gateway).json()
    own = gateway.client.get(f"{PATH}/self", headers=bearer(made["key"])).json()
    assert (own["id"], own["scopes"], own["tenant_id"]) == (
        made["id"],
        ["reports:read"],
        gateway.tenant.tenant,
    )
    assert outcome(gateway.client.get(PATH, headers=bearer(made["key"]))) == (403, "scope_missing")


def test_key_gives_no_scope_that_it_lacks(gateway: Any) -> None:
    admin_only = make(gateway, scopes=["admin"]).json()
    refused = make(gateway, by=admin_only["key"], scopes=["admin", "reports:read"])
    assert outcome(refused) == (403, "grant_exceeds_own")
    assert make(gateway, by=admin_only["key"], scopes=["admin"]).status_code == 201


def test_key_gives_none_that_outlives_it(gateway: Any) -> None:
    brief = make(gateway, scopes=["admin"], expires_at=in_future()).json()
    for expires_at in (None, in_future(2 * SOON)):
        refused = make(gateway, by=brief["key"], scopes=["admin"], expires_at=expires_at)
        assert outcome(refused) == (403, "grant_exceeds_own")
    lesser = make(gateway, by=brief["key"], scopes=["admin"], expires_at=in_future(SOON / 2))
    assert lesser.status_code == 201


def test_rotation_does_not_hand_out_a_stronger_key(gateway: Any) -> None:
    strong, admin_only = make(gateway).json(), make(gateway, scopes=["admin"]).json()
    refused = gateway.client.post(f"{PATH}/{strong['id']}/rotate", headers=bearer(admin_only["key"]))
    assert outcome(refused) == (403, "grant_exceeds_own")


@pytest.mark.parametrize(
    "wanted",
    [
        {"name": " "},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2036-01-01T00:00:00"},
        {"tenant_id": "ten_x"},
    ],
)
def test_key_is_refused_when_its_wish_is_not_valid(gateway: Any, wanted: dict[str, Any]) -> None:
    answer = make(gateway, **wanted)
    assert outcome(answer) == (422, "validation_failed")
    assert answer.json()["errors"][0]["field"].startswith(next(iter(wanted)))


def test_expired_key_is_refused_with_its_own_code(gateway: Any, admin_engine: Engine) -> None:
    made = make(gateway, expires_at=in_future()).json()
    age(admin_engine, made["id"], "expires_at", by="1 second")
    answer = gateway.client.get("/v1/questions", headers=bearer(made["key"]))
    assert outcome(answer) == (401, "api_key_expired")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert gateway.client.get(f"{PATH}/{made['id']}").json()["status"] == "expired"


def test_both_keys_work_until_the_overlap_of_a_rotation_ends(gateway: Any, admin_engine: Engine) -> None:
    old = make(gateway, name="export").json()
    answer = gateway.client.post(f"{PATH}/{old['id']}/rotate", json={"overlap_s": 3600})
    new = answer.json()
    assert answer.status_code == 201
    assert (new["name"], new["scopes"], new["expires_at"]) == ("export", ["reports:read"], None)
    for key in (old["key"], new["key"]):
        assert gateway.client.get("/v1/questions", headers=bearer(key)).status_code == 200
    shown = gateway.client.get(f"{PATH}/{old['id']}").json()
    left = datetime.fromisoformat(shown["expires_at"]) - datetime.now(UTC)
    assert shown["replaced_by"] == new["id"]
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    again = gateway.client.post(f"{PATH}/{old['id']}/rotate")
    assert outcome(again) == (409, "api_key_not_active")
    age(admin_engine, old["id"], "expires_at", by="1 second")
    assert outcome(gateway.client.get("/v1/questions", headers=bearer(old["key"]))) == (
        401,
        "api_key_expired",
    )
    assert gateway.client.get("/v1/questions", headers=bearer(new["key"])).status_code == 200


def test_leaked_key_ends_at_once_when_it_is_rotated_without_overlap(gateway: Any) -> None:
    old = make(gateway).json()
    assert gateway.client.post(f"{PATH}/{old['id']}/rotate", json={"overlap_s": 0}).status_code == 201
    answer = gateway.client.get("/v1/questions", headers=bearer(old["key"]))
    assert outcome(answer) == (401, "api_key_expired")


def test_rotation_keeps_the_expiry_unless_another_is_named(gateway: Any) -> None:
    ends = in_future()
    first = make(gateway, expires_at=ends).json()
    second = gateway.client.post(f"{PATH}/{first['id']}/rotate").json()
    assert datetime.fromisoformat(second["expires_at"]) == datetime.fromisoformat(ends)
    third = gateway.client.post(f"{PATH}/{second['id']}/rotate", json={"expires_at": None}).json()
    assert third["expires_at"] is None


def test_revoked_key_is_refused_and_stays_in_the_list(gateway: Any) -> None:
    made = make(gateway).json()
    path = f"{PATH}/{made['id']}"
    assert gateway.client.delete(path).status_code == 204
    revoked_at = gateway.client.get(path).json()["revoked_at"]
    assert gateway.client.delete(path).status_code == 204
    assert gateway.client.get(path).json()["revoked_at"] == revoked_at
    assert outcome(gateway.client.get("/v1/questions", headers=bearer(made["key"]))) == (
        401,
        "api_key_revoked",
    )
    assert outcome(gateway.client.post(f"{path}/rotate")) == (409, "api_key_not_active")


def test_last_use_moves_at_most_once_a_minute(gateway: Any, admin_engine: Engine) -> None:
    made = make(gateway).json()
    path = f"{PATH}/{made['id']}"

    def use() -> str:
        gateway.client.get("/v1/questions", headers=bearer(made["key"]))
        return str(gateway.client.get(path).json()["last_used_at"])

    assert gateway.client.get(path).json()["last_used_at"] is None
    first = use()
    assert use() == first
    age(admin_engine, made["id"], "last_used_at", by="61 seconds")
    moved = datetime.fromisoformat(use())
    assert moved > datetime.fromisoformat(first) - timedelta(seconds=1)


def test_keys_of_another_tenant_are_not_there(gateway: Any, admin_engine: Engine) -> None:
    theirs = bearer(create_tenant(admin_engine, "other").key)
    made = make(gateway).json()
    path = f"{PATH}/{made['id']}"
    for method, target in (("GET", path), ("DELETE", path), ("POST", f"{path}/rotate")):
        answer = gateway.client.request(method, target, headers=theirs)
        assert outcome(answer) == (404, "api_key_not_found")
    assert len(gateway.client.get(PATH, headers=theirs).json()["data"]) == 1


def test_list_of_keys_is_paged_both_ways(gateway: Any) -> None:
    made = sorted((make(gateway).json()["id"] for _ in range(3)), reverse=True)
    first = gateway.client.get(PATH, params={"limit": 2}).json()
    assert ([row["id"] for row in first["data"]], first["has_more"]) == (made[:2], True)
    back = gateway.client.get(PATH, params={"limit": 2, "ending_before": made[2]}).json()
    assert ([row["id"] for row in back["data"]], back["has_more"]) == (made[:2], False)
    both = gateway.client.get(PATH, params={"starting_after": made[0], "ending_before": made[1]})
    assert outcome(both) == (422, "validation_failed")


def test_making_rotating_and_revoking_are_audited_without_the_key(gateway: Any) -> None:
    old = make(gateway).json()
    new = gateway.client.post(f"{PATH}/{old['id']}/rotate").json()
    gateway.client.delete(f"{PATH}/{new['id']}")
    with tenant_session(gateway.services.engine, gateway.tenant.tenant) as session:
        rows = session.scalars(select(AuditEventRow).order_by(AuditEventRow.sequence)).all()
    mine = [row for row in rows if row.action.startswith("api_key.")]
    assert [(row.action, row.subject) for row in mine] == [
        ("api_key.created", old["id"]),
        ("api_key.rotated", old["id"]),
        ("api_key.revoked", new["id"]),
    ]
    assert not any(secret in str(row.details) for row in mine for secret in (old["key"], new["key"]))
    assert all(row.actor.startswith("key_") for row in mine)


@pytest.mark.parametrize("name", ["a%00b", "key_x", "key_01kajb3z6v8m2q4n7x9r5t1w41"])
def test_key_is_not_found_when_its_identifier_is_none_of_ours(gateway: Any, name: str) -> None:
    path = f"/v1/api_keys/{name}"
    answers = [
        gateway.client.get(path),
        gateway.client.post(f"{path}/rotate", json={}),
        gateway.client.delete(path),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "api_key_not_found")}
