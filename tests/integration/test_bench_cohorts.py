"""The bench of the norms measures what it says, and would notice norms that are wrong."""

from sqlalchemy import Engine, text

from deploy.bench import cohort_data as data
from deploy.bench.cohorts import measure, table
from services.common.db.bootstrap import DatabaseUrls


def test_bench_finds_the_norms_right_when_answers_came_and_went(database: DatabaseUrls) -> None:
    sizes = [measure(database, 300, 0, runs=3), measure(database, 600, 300, runs=3)]
    for size in sizes:
        assert (size.wrong_rows, size.norms_as_before) == (0, True)
        assert set(size.times) == {"benchmark block", "update", "commit", "erasure"}
        assert all(0 < times.clock.median_ms <= times.clock.worst_ms for times in size.times.values())
    assert [size.rows["answer_scores"] for size in sizes] == [600, 1200]
    assert "| 600 | update |" in table(sizes)


def test_bench_notices_when_a_count_is_wrong(admin_engine: Engine) -> None:
    data.seed(admin_engine, first=0, last=50)
    right = data.digest(admin_engine)
    assert data.wrong_rows(admin_engine) == 0
    with admin_engine.begin() as connection:
        connection.execute(
            text("UPDATE norm_blocks SET n = n + 1 WHERE norm_id = (SELECT min(id) FROM norms)")
        )
    assert data.wrong_rows(admin_engine) > 0
    assert data.digest(admin_engine) != right
