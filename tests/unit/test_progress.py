"""Progress of work that has parts."""

import pytest

from services.common.media.files import scale_progress


@pytest.mark.parametrize(("share", "told"), [(0.0, 0.95), (0.5, 0.975), (1.0, 1.0), (1.2, 1.0), (-0.1, 0.95)])
def test_the_whole_is_told_how_far_it_is_when_a_part_goes_on(share: float, told: float) -> None:
    heard: list[float] = []
    scale_progress(heard.append, 0.95, 1.0)(share)
    assert heard == [pytest.approx(told)]
