"""The bench of the norms measures what it says, and would notice norms that are wrong."""

from sqlalchemy import Engine, text

from bench import cohort_data as data
from bench.cohorts import measure, table
from services.common.db.bootstrap import DatabaseUrls


def test_bench_finds_the_norms_right_when_answers_came_and_went(database: DatabaseUrls) -> None:
    sizes = [measure(database, 300, runs=3), measure(database, 600, runs=3)]
    for size in sizes:
        assert (size.wrong_rows, size.norms_as_before) == (0, True)
        assert set(size.times) == {"benchmark block", "update", "commit", "erasure"}
        assert all(0 < times.clock.median_ms <= times.clock.worst_ms for times in size.times.values())
    assert [size.rows["answer_scores"] for size in sizes] == [600, 1200]
    assert "| 600 | update |" in table(sizes)


def test_bench_notices_when_a_count_is_wrong(admin_engine: Engine) -> None:
    data.fill(admin_engine, 50)
    data.fill(admin_engine, 50)  # and there is nothing to do again
    right = data.digest(admin_engine)
    assert data.wrong_rows(admin_engine) == data.wrong_rows(admin_engine, ["tenant"]) == 0
    for counts in ("norm_blocks", "norm_months"):
        with admin_engine.begin() as connection:
            connection.execute(
                text(
                    f"UPDATE {counts} SET n = n + 1 WHERE norm_id ="
                    " (SELECT min(id) FROM norms WHERE cohort = 'tenant')"
                )
            )
        wrong = data.wrong_rows(admin_engine)
        assert wrong == data.wrong_rows(admin_engine, ["tenant"]) > 0
        assert data.wrong_rows(admin_engine, ["tag:season 1"]) == 0
    assert data.digest(admin_engine) != right
