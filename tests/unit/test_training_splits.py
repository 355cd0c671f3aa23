import numpy as np
import pytest

from services.training.splits import group_folds, group_holdout

ACTORS = np.repeat([f"actor_{i:02d}" for i in range(20)], 7)


def test_group_folds_keep_people_apart_when_people_have_many_rows() -> None:
    folds = group_folds(ACTORS, 5, seed=3)

    assert all(not set(ACTORS[train]) & set(ACTORS[test]) for train, test in folds)
    assert [len(set(ACTORS[test])) for _, test in folds] == [4] * 5


def test_group_folds_test_every_row_once_when_taken_together() -> None:
    tested = np.concatenate([test for _, test in group_folds(ACTORS, 5)])

    assert sorted(tested) == list(range(len(ACTORS)))


def test_group_folds_repeat_when_the_seed_is_the_same() -> None:
    first, second, other = (group_folds(ACTORS, 4, seed=seed)[0][1].tolist() for seed in (1, 1, 2))

    assert first == second != other


def test_group_folds_refuse_when_there_are_fewer_people_than_folds() -> None:
    with pytest.raises(ValueError, match="n_splits=3"):
        group_folds(["a", "a", "b"], 3)


def test_group_holdout_keeps_people_apart_when_a_share_is_held_out() -> None:
    train, held_out = group_holdout(ACTORS, 0.2, seed=0)

    assert not set(ACTORS[train]) & set(ACTORS[held_out])
    assert len(set(ACTORS[held_out])) == 4
