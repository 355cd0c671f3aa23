"""A person's mean voice: kept by fusion, sent along by the gateway, shown and erased on request."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from fusion.settings import FusionSettings
from fusion.tasks import FusionRuntime
from gateway.assessments.dispatch import Work, analyses_of
from gateway.assessments.recovery import Recovery
from gateway.http.fields import Scope
from gateway.provisioning import create_tenant
from gateway.settings import GatewaySettings
from gateway.tenancy.api_keys import create_key
from services.common.contracts.labels import EMOTIONS, Modality, ModalityStatus
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import ModalityResult
from services.common.contracts.tasks import AnalyzeTask, CombineTask
from services.common.contracts.voice import VoiceSummary
from services.common.db.bootstrap import DatabaseUrls
from services.common.db.models import VoiceSummaryRow
from services.common.db.session import tenant_session
from services.common.settings import CommonSettings
from services.common.statistics.voice_summary import create_summary, decode_mean, read_mean_values
from services.common.storage import FolderStore
from services.common.work.ledger import open_ledger
from tests.fakes import FakeDispatcher, FakeLedger, FaultyStore

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(100)
SECRET_VALUE = 0.123


def summary(value: float, *, clips: float = 1.0, version: int = 1) -> VoiceSummary:
    return create_summary([value, -value], clips=clips, model=ModelRef(name="voice_encoder", version=version))


def heard(kept: VoiceSummary | None) -> ModalityResult:
    return ModalityResult(
        modality=Modality.AUDIO,
        status=ModalityStatus.SUCCEEDED,
        emotions=dict.fromkeys(EMOTIONS, 1 / 7),
        voice_summary=kept,
    )


class Scene:
    """A gateway whose broker is a fake, and fusion on the same database."""

    def __init__(self, gateway: Any, dispatcher: FakeDispatcher, fusion: FusionRuntime) -> None:
        self.gateway, self.dispatcher, self.fusion = gateway, dispatcher, fusion

    def answer(self, **fields: Any) -> Work:
        """Hand in a spoken answer; returns what was sent for it."""
        answer = self.gateway.post(files={"audio": ("a.wav", WAV)}, **fields)
        assert answer.status_code == 202, answer.text
        return self.dispatcher.sent[-1]

    def fuse(self, work: Work, kept: VoiceSummary | None) -> None:
        task = CombineTask(
            assessment_id=work.assessment_id,
            tenant_id=work.tenant_id,
            keep_voice_summary=work.keep_voice_summary,
        )
        assert self.fusion.fuse(task, [heard(kept)]) is not None

    def answered(self, kept: VoiceSummary, **fields: Any) -> str:
        """Hand in an answer and finish it; returns its identifier."""
        work = self.answer(**fields)
        self.fuse(work, kept)
        return work.assessment_id

    def rows(self, tenant: str | None = None) -> list[VoiceSummaryRow]:
        engine = self.gateway.services.engine
        with tenant_session(engine, tenant or self.gateway.tenant.tenant) as session:
            return list(session.scalars(select(VoiceSummaryRow).order_by(VoiceSummaryRow.assessment_id)))

    def path(self, candidate: str = "person-1") -> str:
        return f"/v1/candidates/{quote(candidate, safe='')}/voice-summary"


@pytest.fixture
def fusion(database: DatabaseUrls, redis_url: str) -> FusionRuntime:
    return FusionRuntime(CommonSettings(redis_url=redis_url), FusionSettings(database_url=database.fusion))


@pytest.fixture
def scene(gateway: Any, dispatcher: FakeDispatcher, fusion: FusionRuntime) -> Any:
    yield Scene(gateway, dispatcher, fusion)
    fusion.engine.dispose()


def audio_task(work: Work) -> AnalyzeTask:
    return next(task for task in analyses_of(work) if task.modality is Modality.AUDIO)


def test_summary_is_kept_apart_from_the_report_when_fusion_stores_it(
    scene: Scene, admin_engine: Engine
) -> None:
    kept = summary(SECRET_VALUE, clips=7.5)
    assessment_id = scene.answered(kept)
    [row] = scene.rows()
    assert (row.assessment_id, row.model_name, row.model_version, row.clips) == (
        assessment_id,
        "voice_encoder",
        1,
        7.5,
    )
    assert len(row.mean) == 4
    with admin_engine.connect() as connection:
        stored = connection.execute(
            text("SELECT report::text FROM reports UNION ALL SELECT result::text FROM modality_results")
        ).scalars()
        documents = "".join(stored)
    shown = scene.gateway.client.get(f"/v1/assessments/{assessment_id}/report").text
    assert documents
    for document in (documents, shown):
        assert kept.mean not in document
        assert "voice_encoder" not in document


def test_second_answer_gets_the_mean_of_the_first_for_the_voice_alone(scene: Scene) -> None:
    first = scene.answer()
    assert first.enrolment is None
    scene.fuse(first, summary(0.5, clips=3.0))
    second = scene.answer()
    assert audio_task(second).enrolment == summary(0.5, clips=3.0)
    others = [task for task in analyses_of(second) if task.modality is not Modality.AUDIO]
    assert others
    assert all(task.enrolment is None for task in others)


def test_earlier_answers_are_merged_by_their_clips(scene: Scene) -> None:
    scene.answered(summary(1.0, clips=3.0))
    scene.answered(summary(5.0, clips=1.0))
    enrolment = audio_task(scene.answer()).enrolment
    assert enrolment is not None
    assert read_mean_values(enrolment) == [2.0, -2.0]
    assert enrolment.clips == 4.0


def test_summaries_of_an_older_encoder_are_left_out(scene: Scene) -> None:
    scene.answered(summary(1.0, version=1))
    scene.answered(summary(5.0, version=2))
    assert scene.answer().enrolment == summary(5.0, version=2)


def test_only_the_latest_twenty_answers_count(scene: Scene) -> None:
    oldest = scene.answered(summary(100.0))
    for _ in range(20):
        scene.answered(summary(1.0))
    assert oldest in {row.assessment_id for row in scene.rows()}
    assert scene.answer().enrolment == summary(1.0, clips=20.0)


def test_answers_of_other_people_are_left_out(scene: Scene) -> None:
    scene.answered(summary(1.0), candidate="somebody-else")
    assert scene.answer().enrolment is None


def test_same_name_at_another_tenant_is_another_person(
    scene: Scene, make_gateway: Callable[..., Any], dispatcher: FakeDispatcher
) -> None:
    scene.answered(summary(1.0))
    other = Scene(make_gateway(dispatcher=dispatcher), dispatcher, scene.fusion)
    assert other.answer().enrolment is None
    assert other.rows() == []
    assert len(scene.rows()) == 1


def test_typed_answer_gets_no_enrolment(scene: Scene) -> None:
    scene.answered(summary(1.0))
    scene.gateway.post()
    assert scene.dispatcher.sent[-1].enrolment is None


def test_recovery_sends_what_was_known_before_the_answer(scene: Scene, admin_engine: Engine) -> None:
    scene.answered(summary(0.5))
    work = scene.answer()
    scene.answered(summary(9.0))
    # The answer's own summary, too, as a fusion that died before its commit was seen might leave it.
    with admin_engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO voice_summaries (assessment_id, tenant_id, candidate_id, model_name,"
                " model_version, clips, mean) SELECT id, tenant_id, candidate_id, 'voice_encoder', 1, 1,"
                " '\\x00400040' FROM assessments WHERE id = :id"
            ),
            {"id": work.assessment_id},
        )
        connection.execute(text("UPDATE assessments SET check_at = now(), dispatched_at = NULL"))
    again = FakeDispatcher()
    engine = scene.gateway.services.engine
    Recovery(engine=engine, dispatcher=again, ledger=FakeLedger(), settings=GatewaySettings()).run()
    [sent] = again.sent
    assert sent == work
    assert audio_task(sent).enrolment == summary(0.5)


def test_answer_goes_without_when_the_summaries_cannot_be_read(scene: Scene, admin_engine: Engine) -> None:
    scene.answered(summary(1.0))
    with admin_engine.begin() as connection:
        connection.execute(text("REVOKE SELECT ON voice_summaries FROM candor_gateway"))
    assert scene.answer().enrolment is None


@pytest.mark.parametrize("enrolment", [True, False])
def test_setting_decides_whether_a_voice_is_kept_and_used(
    enrolment: bool,
    scene: Scene,
    make_gateway: Callable[..., Any],
    dispatcher: FakeDispatcher,
) -> None:
    gateway = make_gateway(dispatcher=dispatcher, voice_enrolment=enrolment)
    other = Scene(gateway, dispatcher, scene.fusion)
    first = other.answer()
    other.fuse(first, summary(0.5))
    assert first.keep_voice_summary is enrolment
    assert len(other.rows()) == int(enrolment)
    assert (other.answer().enrolment is not None) is enrolment


def test_what_was_kept_is_not_used_when_the_setting_is_turned_off(scene: Scene) -> None:
    scene.answered(summary(0.5))
    scene.gateway.replace(
        settings=scene.gateway.services.settings.model_copy(update={"voice_enrolment": False})
    )
    assert scene.answer().enrolment is None
    assert scene.gateway.client.get(scene.path()).json()["answers"] == 1


def test_report_is_stored_without_the_voice_when_its_mean_is_no_row_of_numbers(scene: Scene) -> None:
    work = scene.answer()
    scene.fuse(work, summary(0.5).model_copy(update={"mean": "AAAA"}))
    assert scene.rows() == []
    assert scene.gateway.client.get(f"/v1/assessments/{work.assessment_id}/report").status_code == 200


def test_summary_goes_with_its_assessment_when_it_is_deleted(
    scene: Scene,
) -> None:
    erased, left = scene.answered(summary(1.0)), scene.answered(summary(5.0))
    assert scene.gateway.client.delete(f"/v1/assessments/{erased}").status_code == 204
    assert [row.assessment_id for row in scene.rows()] == [left]
    assert scene.answer().enrolment == summary(5.0)


def test_answer_that_is_being_erased_is_left_out(scene: Scene) -> None:
    assessment_id = scene.answered(summary(1.0))
    scene.gateway.replace(store=FaultyStore.down(scene.gateway.media))
    assert scene.gateway.client.delete(f"/v1/assessments/{assessment_id}").status_code == 503
    scene.gateway.replace(store=FolderStore(scene.gateway.media))
    assert scene.answer().enrolment is None


def test_what_is_kept_is_shown_without_the_vector(scene: Scene) -> None:
    scene.answered(summary(1.0, clips=2.5, version=1))
    scene.answered(summary(2.0, clips=3.0, version=2))
    scene.answered(summary(3.0, clips=4.0, version=2))
    answer = scene.gateway.client.get(scene.path())
    assert answer.status_code == 200
    body = answer.json()
    assert (body["candidate"], body["answers"], body["clips"]) == ("person-1", 3, 9.5)
    assert body["encoders"] == [
        {"name": "voice_encoder", "version": 2, "answers": 2},
        {"name": "voice_encoder", "version": 1, "answers": 1},
    ]
    assert body["first_kept_at"] < body["last_kept_at"]
    assert set(body) == {
        "candidate",
        "candidate_id",
        "answers",
        "clips",
        "encoders",
        "first_kept_at",
        "last_kept_at",
    }
    assert scene.gateway.client.get(scene.path(body["candidate_id"])).json() == body


def test_nothing_is_shown_when_nothing_is_kept(scene: Scene) -> None:
    scene.answer()
    body = scene.gateway.client.get(scene.path()).json()
    assert (body["answers"], body["clips"], body["encoders"], body["last_kept_at"]) == (0, 0.0, [], None)


@pytest.mark.parametrize("by_id", [True, False])
def test_summaries_are_erased_and_reports_stay_when_asked_twice(by_id: bool, scene: Scene) -> None:
    assessment_id = scene.answered(summary(1.0))
    scene.answered(summary(2.0), candidate="somebody-else")
    candidate = scene.gateway.client.get(scene.path()).json()["candidate_id"] if by_id else "person-1"
    for _ in range(2):
        answer = scene.gateway.client.delete(scene.path(candidate))
        assert (answer.status_code, answer.content) == (204, b"")
    assert [mean_of(row) for row in scene.rows()] == [[2.0, -2.0]]
    assert scene.gateway.client.get(f"/v1/assessments/{assessment_id}/report").status_code == 200
    assert scene.answer().enrolment is None


def mean_of(row: VoiceSummaryRow) -> list[float]:
    return decode_mean(row.mean)


def test_kept_results_are_erased_with_the_summaries(scene: Scene) -> None:
    ledger = scene.gateway.services.ledger
    work = scene.answer()
    ledger.record_queued(work.assessment_id, [Modality.AUDIO])
    ledger.keep_result(work.assessment_id, heard(summary(1.0)))
    scene.fuse(work, summary(1.0))
    assert ledger.read_result(work.assessment_id, Modality.AUDIO) is not None
    assert scene.gateway.client.delete(scene.path()).status_code == 204
    assert ledger.read_result(work.assessment_id, Modality.AUDIO) is None


def test_nothing_is_erased_by_halves_when_the_ledger_is_out_of_reach(scene: Scene) -> None:
    scene.answered(summary(1.0))
    ledger = scene.gateway.services.ledger
    scene.gateway.replace(ledger=open_ledger("redis://127.0.0.1:1/0"))
    answer = scene.gateway.client.delete(scene.path())
    assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
    assert len(scene.rows()) == 1
    scene.gateway.replace(ledger=ledger)
    assert scene.gateway.client.delete(scene.path()).status_code == 204
    assert scene.rows() == []


def test_platforms_own_identifier_may_hold_slashes(scene: Scene) -> None:
    scene.answered(summary(1.0), candidate="team/7 é?")
    assert scene.gateway.client.get(scene.path("team/7 é?")).json()["answers"] == 1


def test_our_identifier_wins_when_a_platform_calls_someone_by_it(scene: Scene) -> None:
    scene.answered(summary(1.0))
    ours = scene.gateway.client.get(scene.path()).json()["candidate_id"]
    scene.answered(summary(2.0), candidate=ours)
    assert scene.gateway.client.get(scene.path(ours)).json()["candidate"] == "person-1"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("candidate", ["nobody", "cand_00000000000000000000000000", "a\x00b", "x" * 500])
def test_unknown_candidate_is_a_problem(method: str, candidate: str, scene: Scene) -> None:
    answer = scene.gateway.client.request(method, scene.path(candidate))
    assert (answer.status_code, answer.json()["code"]) == (404, "candidate_not_found")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_candidate_of_another_tenant_is_unknown(method: str, scene: Scene, admin_engine: Engine) -> None:
    scene.answered(summary(1.0))
    ours = scene.gateway.client.get(scene.path()).json()["candidate_id"]
    stranger = {"Authorization": f"Bearer {create_tenant(admin_engine, 'other').key}"}
    for name in ("person-1", ours):
        answer = scene.gateway.client.request(method, scene.path(name), headers=stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, "candidate_not_found"), name
    assert len(scene.rows()) == 1


def test_erasing_needs_a_key_that_may_write(scene: Scene, admin_engine: Engine) -> None:
    scene.answered(summary(1.0))
    reader = create_key(admin_engine, scene.gateway.tenant.tenant, name="r", scopes=[Scope.REPORTS_READ])
    headers = {"Authorization": f"Bearer {reader.key}"}
    assert scene.gateway.client.get(scene.path(), headers=headers).status_code == 200
    refused = scene.gateway.client.delete(scene.path(), headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert len(scene.rows()) == 1


def test_other_methods_are_refused_with_those_that_work(scene: Scene) -> None:
    answer = scene.gateway.client.post(scene.path())
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET")


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("gateway_engine", "INSERT INTO voice_summaries SELECT * FROM voice_summaries"),
        ("gateway_engine", "UPDATE voice_summaries SET clips = 1"),
        ("fusion_engine", "DELETE FROM voice_summaries"),
        ("fusion_engine", "UPDATE voice_summaries SET clips = 1"),
    ],
)
def test_role_may_do_its_own_part_only(
    role: str, statement: str, scene: Scene, request: pytest.FixtureRequest
) -> None:
    engine: Engine = request.getfixturevalue(role)
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        tenant_session(engine, scene.gateway.tenant.tenant) as session,
    ):
        session.execute(text(statement))


@pytest.mark.parametrize("role", ["gateway_engine", "fusion_engine"])
def test_summaries_of_another_tenant_are_invisible(
    role: str, scene: Scene, admin_engine: Engine, request: pytest.FixtureRequest
) -> None:
    scene.answered(summary(1.0))
    engine: Engine = request.getfixturevalue(role)
    other = create_tenant(admin_engine, "other").tenant
    with tenant_session(engine, other) as session:
        assert session.scalars(select(VoiceSummaryRow)).all() == []
    with tenant_session(engine, scene.gateway.tenant.tenant) as session:
        assert len(session.scalars(select(VoiceSummaryRow)).all()) == 1


def test_summary_for_another_tenant_is_refused_when_inserted(
    scene: Scene, admin_engine: Engine, fusion_engine: Engine
) -> None:
    work = scene.answer()
    other = create_tenant(admin_engine, "other").tenant
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        tenant_session(fusion_engine, other) as session,
    ):
        session.add(
            VoiceSummaryRow(
                assessment_id=work.assessment_id,
                tenant_id=work.tenant_id,
                candidate_id="cand_x",
                model_name="voice_encoder",
                model_version=1,
                clips=1.0,
                mean=b"\x00\x3c",
            )
        )
