"""Norms on a real Postgres: counted in and out exactly, whoever comes and goes, in whatever order."""

import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from fusion.benchmark import UNRANKED, Others
from fusion.repository import transaction
from gateway.assessments import repository
from gateway.benchmarks.drift import class_of
from services.common.contracts.labels import AssessmentStatus
from services.common.contracts.norms import CohortKind
from services.common.contracts.results import Fused, Report
from services.common.db import migrations
from services.common.db.bootstrap import DatabaseUrls, migrate
from services.common.db.session import tenant_session
from services.common.statistics.histogram import BLOCK, Histogram, quantise

POOLED = "logpool/1^1:face_emotion:4+voice_emotion"
KEYS = {"trait.openness": "text_traits", "emotion.happy": POOLED, "congruence": POOLED}
Counts = Counter[tuple[str, str, str, Any, int]]
"""People by cohort, models, score, and block or month, and place."""


@dataclass(frozen=True)
class Answer:
    """One answer with its scores."""

    number: int
    candidate: str
    question: str = "q_1"
    tags: tuple[str, ...] = ()
    scores: tuple[float, float, float] = (0.5, 0.5, 0.5)
    models: int = 1
    tenant: str = "ten_a"
    month: int = 1
    handed_in_as: str | None = None

    @property
    def id(self) -> str:
        return self.handed_in_as or f"asm_{self.tenant}_{self.number:05}"

    @property
    def keys(self) -> dict[str, str]:
        return {name: f"{key}:{self.models}" for name, key in KEYS.items()}

    @property
    def values(self) -> dict[str, float]:
        return dict(zip(KEYS, self.scores, strict=True))

    @property
    def cohorts(self) -> list[str]:
        return [f"question:{self.tenant}_{self.question}", *(f"tag:{tag}" for tag in self.tags), "tenant"]


class Desk:
    """Hands answers in, stores their reports as fusion does, erases them as the gateway does."""

    def __init__(self, admin: Engine, gateway: Engine, fusion: Engine) -> None:
        self.admin, self.gateway, self.fusion = admin, gateway, fusion

    def hand_in(self, answers: Sequence[Answer]) -> None:
        rows = [
            {
                "id": answer.id,
                "tenant": answer.tenant,
                "candidate": f"{answer.tenant}_{answer.candidate}",
                "question": f"{answer.tenant}_{answer.question}",
                "tags": list(answer.tags),
                "at": datetime(2026, answer.month, 28, 23, 59, tzinfo=UTC),
            }
            for answer in answers
        ]
        with self.admin.begin() as connection:
            for statement in (
                "INSERT INTO tenants (id, name) VALUES (:tenant, :tenant) ON CONFLICT DO NOTHING",
                "INSERT INTO candidates VALUES (:candidate, :tenant, :candidate) ON CONFLICT DO NOTHING",
                "INSERT INTO questions VALUES (:question, :tenant, 'Why?') ON CONFLICT DO NOTHING",
            ):
                connection.execute(text(statement), rows)
            connection.execute(
                text(
                    "INSERT INTO assessments"
                    " (id, tenant_id, candidate_id, question_id, purpose, media, tags, created_at)"
                    " VALUES (:id, :tenant, :candidate, :question, 'research', '[]', :tags, :at)"
                ),
                rows,
            )

    def store(self, answer: Answer) -> None:
        report = Report(
            assessment_id=answer.id,
            status=AssessmentStatus.SUCCEEDED,
            fused=Fused(),
            modalities={},
            created_at=datetime.now(UTC),
        )
        with transaction(self.fusion, answer.tenant) as work:
            subject = work.subject(answer.id)
            assert subject is not None
            work.add(report, subject, scores=answer.values, model_keys=answer.keys)

    def erase(self, answer: Answer) -> None:
        with tenant_session(self.gateway, answer.tenant) as session:
            repository.erase(session, answer.id)

    def others_of(self, answer: Answer) -> Others:
        with transaction(self.fusion, answer.tenant) as work:
            subject = work.subject(answer.id)
            assert subject is not None
            return work.others(subject, answer.values, answer.keys)

    def counted(self, tenant: str = "ten_a") -> tuple[Counts, Counts, Counts]:
        """What the database holds: by bin; by month and class; and sums of bins by month."""
        fine, coarse, totals = Counts(), Counts(), Counts()
        with self.admin.connect() as connection:
            for row in connection.execute(
                text(
                    "SELECT n.cohort, n.model_key, b.* FROM norms n JOIN norm_blocks b ON b.norm_id = n.id"
                    " WHERE n.tenant_id = :tenant AND b.tenant_id = :tenant"
                ),
                {"tenant": tenant},
            ):
                for place, people in enumerate(row.counts):
                    fine[row.cohort, row.model_key, row.score, row.block, place] += people
                assert row.n == sum(row.counts) > 0, "an empty block was left behind"
                assert row.total == Histogram({row.block: row.counts}).total
            for row in connection.execute(
                text(
                    "SELECT n.cohort, n.model_key, m.* FROM norms n JOIN norm_months m ON m.norm_id = n.id"
                    " WHERE n.tenant_id = :tenant AND m.tenant_id = :tenant"
                ),
                {"tenant": tenant},
            ):
                key = (row.cohort, row.model_key, row.score, row.month.month)
                for place, people in enumerate(row.counts):
                    coarse[(*key, place)] += people
                totals[(*key, 0)] += row.total
                assert row.n == sum(row.counts) > 0
            named = connection.execute(
                text("SELECT cohort, model_key FROM norms WHERE tenant_id = :tenant"), {"tenant": tenant}
            ).all()
        assert {tuple(row) for row in named} == {key[:2] for key in fine}, "an empty norm was left behind"
        return without_zeros(fine), without_zeros(coarse), without_zeros(totals)


def recounted(answers: Sequence[Answer]) -> tuple[Counts, Counts, Counts]:
    """What `Desk.counted` should say, counted anew by the definition."""
    latest: dict[tuple[str, str, str, str], Answer] = {}
    for answer in sorted(answers, key=lambda each: each.id):
        for cohort in answer.cohorts:
            for score, model_key in answer.keys.items():
                latest[cohort, model_key, score, answer.candidate] = answer
    fine, coarse, totals = Counts(), Counts(), Counts()
    for (cohort, model_key, score, _), answer in latest.items():
        number = quantise(answer.values[score])
        block, place = divmod(number, BLOCK)
        fine[cohort, model_key, score, block, place] += 1
        coarse[cohort, model_key, score, answer.month, class_of(number)] += 1
        totals[cohort, model_key, score, answer.month, 0] += number
    return fine, coarse, without_zeros(totals)


def without_zeros(counts: Counts) -> Counts:
    return Counter({key: people for key, people in counts.items() if people})


def some_answers(n: int, *, seed: int = 1, tenant: str = "ten_a", people: int = 9) -> list[Answer]:
    draw = random.Random(seed)
    return [
        Answer(
            number=number,
            tenant=tenant,
            candidate=f"c{draw.randrange(people)}",
            question=f"q_{draw.randrange(2)}",
            tags=tuple(tag for tag in ("spring", "role:nurse") if draw.random() < 0.5),
            scores=(draw.choice([0.0, 0.1, 1.0]), draw.random(), draw.uniform(-1, 2)),
            models=draw.choice([1, 1, 2]),
            month=1 + draw.randrange(3),
        )
        for number in range(n)
    ]


@pytest.fixture
def desk(admin_engine: Engine, gateway_engine: Engine, fusion_engine: Engine) -> Iterator[Desk]:
    return Desk(admin_engine, gateway_engine, fusion_engine)


def test_norms_equal_a_recount_when_answers_come_and_go_in_any_order(desk: Desk) -> None:
    answers = some_answers(60)
    desk.hand_in(answers)
    draw = random.Random(2)
    waiting, stored = draw.sample(answers, len(answers)), list[Answer]()
    for step in range(90):
        if waiting and (draw.random() < 0.65 or not stored):
            desk.store(answer := waiting.pop())
            stored.append(answer)
        else:
            desk.erase(answer := stored.pop(draw.randrange(len(stored))))
        if step % 10 == 9:
            assert desk.counted() == recounted(stored)
    for answer in stored:
        desk.erase(answer)
    assert desk.counted() == (Counter(), Counter(), Counter())


def test_norms_are_as_if_a_candidate_had_never_been_there_when_everything_is_erased(desk: Desk) -> None:
    answers = some_answers(40, seed=3)
    of_one = [answer for answer in answers if answer.candidate == "c1"]
    desk.hand_in(answers)
    for answer in answers:
        if answer not in of_one:
            desk.store(answer)
    before = desk.counted()
    for answer in of_one:
        desk.store(answer)
    assert desk.counted() != before
    for answer in of_one:
        desk.erase(answer)
    assert desk.counted() == before


def test_earlier_answer_counts_again_when_the_latest_is_erased(desk: Desk) -> None:
    first, second = Answer(1, "c1", scores=(0.1, 0.1, 0.1)), Answer(2, "c1", scores=(0.9, 0.9, 0.9), month=2)
    desk.hand_in([first, second])
    desk.store(first)
    once = desk.counted()
    desk.store(second)
    assert desk.counted() == recounted([first, second]) != once
    desk.erase(second)
    assert desk.counted() == once


def test_report_counts_once_when_it_is_stored_again(desk: Desk) -> None:
    answer = Answer(1, "c1")
    desk.hand_in([answer])
    desk.store(answer)
    once = desk.counted()
    desk.store(answer)
    assert desk.counted() == once


def in_threads(work: Sequence[Any], count: int) -> None:
    """Run every callable of `work`, by `count` workers at once; a failure of any is raised."""
    queue, lock, faults = list(work), threading.Lock(), list[BaseException]()

    def worker() -> None:
        while True:
            with lock:
                if not queue:
                    return
                job = queue.pop()
            try:
                job()
            except BaseException as fault:
                faults.append(fault)
                raise

    threads = [threading.Thread(target=worker) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_norms_equal_a_recount_when_answers_are_erased_while_others_are_stored(desk: Desk) -> None:
    old, new = some_answers(60, seed=5), some_answers(120, seed=6)[60:]
    desk.hand_in([*old, *new])
    for answer in old:
        desk.store(answer)
    jobs = [lambda answer=answer: desk.store(answer) for answer in new]
    jobs += [lambda answer=answer: desk.erase(answer) for answer in old]
    random.Random(7).shuffle(jobs)
    in_threads(jobs, 6)
    assert desk.counted() == recounted(new)


def nobody(others: Others) -> bool:
    return not others.same_question and not any(others.wider.values())


def test_ranks_are_those_of_the_histograms_when_scores_lie_anywhere(desk: Desk) -> None:
    people = some_answers(80, people=50)
    probes = [
        replace(answer, number=500 + place, candidate=("c1", "new")[place % 2])
        for place, answer in enumerate(some_answers(12, seed=11))
    ]
    desk.hand_in([*people, *probes])
    for answer in people:
        desk.store(answer)
    for probe in probes:
        others = [answer for answer in people if answer.candidate != probe.candidate]
        bins, _, _ = recounted(others)
        for cohort, ranks in desk.others_of(probe).wider.items():
            for score, key in probe.keys.items():
                counts = {
                    BLOCK * block + place: n
                    for (name, models, named, block, place), n in bins.items()
                    if (name, models, named) == (cohort.key, key, score)
                }
                expected = Histogram.from_counts(counts).rank(probe.values[score])
                assert ranks.get(score, UNRANKED) == expected


BORDERS = (-1025, -1024, -33, -32, -31, -1, 0, 1, 31, 32, 33, 63, 64, 511, 512, 991, 992, 1000, 1023, 1024)
"""Bins on both sides of the borders of blocks, and of the first and the last class of a month."""


def test_layout_is_that_of_histograms_when_scores_lie_at_the_borders_of_blocks(desk: Desk) -> None:
    answers = [Answer(n, f"c{n}", scores=(0.0, 0.0, number / 1000)) for n, number in enumerate(BORDERS)]
    desk.hand_in(answers)
    for answer in answers:
        desk.store(answer)
    people = Histogram.from_counts(dict.fromkeys(BORDERS, 1))
    fine, coarse, _ = (
        Counter({key[3:]: n for key, n in counts.items() if (key[0], key[2]) == ("tenant", "congruence")})
        for counts in desk.counted()
    )
    assert fine == {
        (block, place): n for block, counts in people.blocks.items() for place, n in enumerate(counts) if n
    }
    assert coarse == Counter((1, class_of(number)) for number in BORDERS)
    for answer in answers:
        value = answer.values["congruence"]
        (ranks,) = desk.others_of(answer).wider.values()
        assert ranks["congruence"] == people.rank(value).leave_out(quantise(value), scored=quantise(value))


def test_others_leave_out_every_answer_of_the_candidate(desk: Desk) -> None:
    mine = [Answer(n, "me", question=f"q_{n % 2}", scores=(0.9, 0.9, 0.9)) for n in range(4)]
    theirs = [Answer(10 + n, f"c{n}", scores=(0.1 * n, 0.5, 0.5), tags=("spring",)) for n in range(3)]
    last = Answer(20, "me", tags=("spring", "role:nurse"), scores=(0.15, 0.5, 0.5))
    desk.hand_in([*mine, *theirs, last])
    for answer in (*mine, *theirs):
        desk.store(answer)
    expected = Histogram.from_scores([0.0, 0.1, 0.2])
    for _ in range(2):
        found = desk.others_of(last)
        assert found.same_question["trait.openness"].bins() == expected.bins()
        assert [cohort.kind for cohort in found.wider] == ["role", "tag", "tenant"]
        for cohort, ranks in found.wider.items():
            if cohort.kind is CohortKind.ROLE:
                assert all(rank.n == 0 for rank in ranks.values())
            else:
                assert ranks["trait.openness"] == expected.rank(0.15)
        desk.store(last)  # and none the more once this one is counted itself


def test_others_of_different_models_never_mix(desk: Desk) -> None:
    theirs = [Answer(n, f"c{n}", models=1) for n in range(3)]
    newer = Answer(9, "me", models=2)
    desk.hand_in([*theirs, newer])
    for answer in theirs:
        desk.store(answer)
    assert nobody(desk.others_of(newer))


def test_other_tenants_norms_stay_apart_when_questions_and_tags_have_the_same_names(desk: Desk) -> None:
    theirs = [Answer(n, f"c{n}", tenant="ten_b", tags=("spring",)) for n in range(3)]
    mine = Answer(1, "me", tags=("spring",))
    desk.hand_in([*theirs, mine])
    for answer in theirs:
        desk.store(answer)
    assert nobody(desk.others_of(mine))
    with tenant_session(desk.gateway, "ten_a") as session:
        for table in ("answer_scores", "norms", "norm_blocks", "norm_months"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE norm_blocks SET counts[1] = 5",
        "DELETE FROM norms",
        "INSERT INTO norm_months VALUES (1, 'x', '2026-01-01', 'ten_a', 1, 1, '{1}')",
        "UPDATE answer_scores SET score_values = '{}'",
        "DELETE FROM answer_scores",
    ],
)
@pytest.mark.parametrize("role", ["gateway", "fusion"])
def test_runtime_roles_cannot_write_norms_themselves(desk: Desk, role: str, statement: str) -> None:
    desk.hand_in([Answer(1, "c1")])
    engine: Engine = getattr(desk, role)
    with pytest.raises(DBAPIError, match="permission denied"), tenant_session(engine, "ten_a") as session:
        session.execute(text(statement))


def test_norms_follow_when_the_administrator_deletes_past_the_gateway(desk: Desk) -> None:
    answers = some_answers(30, seed=8)
    desk.hand_in(answers)
    for answer in answers:
        desk.store(answer)
    gone = {answer.id for answer in answers[:20]}
    with desk.admin.begin() as connection:
        connection.execute(text("DELETE FROM assessments WHERE id = ANY (:ids)"), {"ids": list(gone)})
    assert desk.counted() == recounted([answer for answer in answers if answer.id not in gone])


def test_nothing_is_left_when_a_tenant_is_removed(desk: Desk) -> None:
    gone, kept = some_answers(10, tenant="ten_a"), some_answers(10, tenant="ten_b")
    desk.hand_in([*gone, *kept])
    for answer in (*gone, *kept):
        desk.store(answer)
    with desk.admin.begin() as connection:
        for table, column in (("assessments", "tenant_id"), ("tenants", "id")):
            connection.execute(text(f"DELETE FROM {table} WHERE {column} = 'ten_a'"))
    assert desk.counted("ten_a") == (Counter(), Counter(), Counter())
    assert desk.counted("ten_b") == recounted(kept)


def move(database: DatabaseUrls, revision: str) -> None:
    """Take the schema back to `revision`."""
    engine = create_engine(database.admin)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL ROLE candor_owner"))
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
    engine.dispose()


def test_norms_hold_the_earlier_reports_when_the_schema_is_brought_up_to_date(
    desk: Desk, database: DatabaseUrls
) -> None:
    answers = [*some_answers(20), *some_answers(20, tenant="ten_b")]
    desk.hand_in(answers)
    for answer in answers:
        desk.store(answer)
    move(database, "0002")
    with desk.admin.connect() as connection:
        rows = connection.execute(
            text("SELECT assessment_id, score, value, model_key, question_id FROM report_scores")
        ).all()
    assert {tuple(row) for row in rows} == {
        (answer.id, score, value, answer.keys[score], f"{answer.tenant}_{answer.question}")
        for answer in answers
        for score, value in answer.values.items()
    }
    migrate(database.admin)
    for tenant in ("ten_a", "ten_b"):
        assert desk.counted(tenant) == recounted([each for each in answers if each.tenant == tenant])


def test_bins_are_those_of_the_database_when_scores_lie_between(admin_engine: Engine) -> None:
    draw = random.Random(9)
    scores = [draw.uniform(-2, 2) for _ in range(3000)] + [n / 2000 for n in range(-2001, 4001)]
    with admin_engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT round(v * 1000)::smallint"
                " FROM unnest(CAST(:v AS float8[])) WITH ORDINALITY AS t(v, i) ORDER BY i"
            ),
            {"v": scores},
        ).scalars()
        assert list(found) == [quantise(score) for score in scores]
