import numpy as np
import pytest

from services.common.serving.litert import MAX_VALUES, even_parts


@pytest.mark.parametrize(
    ("rows", "values", "lengths"),
    [
        (1, MAX_VALUES + 1, [1]),
        (3, MAX_VALUES, [1, 1, 1]),
        (9, MAX_VALUES // 2, [2, 2, 2, 2, 1]),
        (16, MAX_VALUES // 20, [16]),
        (21, MAX_VALUES // 20, [11, 10]),
    ],
)
def test_parts_are_even_and_small_when_a_batch_is_large(rows, values, lengths):
    batch = np.arange(rows, dtype=np.float32)[:, None] + np.zeros((1, values), np.float32)
    parts = even_parts(batch)
    assert [len(part) for part in parts] == lengths
    np.testing.assert_array_equal(np.concatenate(parts)[:, 0], batch[:, 0])
