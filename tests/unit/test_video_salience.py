"""What carried an emotion in a face: moments that are kept, maps, and their shares by region."""

from datetime import UTC, datetime

import numpy as np
import pytest
from pydantic import ValidationError

from services.common.contracts.face import FaceActivation, FaceRegion
from services.common.contracts.labels import EMOTIONS, Emotion
from services.common.contracts.results import ErrorCode, TimelineSegment
from services.common.errors import TemporaryError
from services.common.serving.predictor import FloatArray
from services.common.serving.registry import FACE_ACTIVATION, FACE_EMOTION, Manifest, TensorSpec
from services.video.face_regions import LANDMARKS, REGIONS, crop_points, region_map
from services.video.face_words import activation_words
from services.video.landmarks import FaceMesh
from services.video.salience import (
    EXPLAINS,
    MOST_FACES,
    MOST_MOMENTS,
    Moment,
    MomentKeeper,
    can_explain,
    explain,
    label_shares,
    region_shares,
)

PLACES = {
    FaceRegion.FOREHEAD: [(24, 6)],
    FaceRegion.BROWS: [(16, 13), (32, 13)],
    FaceRegion.EYES: [(16, 19), (32, 19)],
    FaceRegion.NOSE: [(24, 26)],
    FaceRegion.CHEEKS: [(11, 30), (37, 30)],
    FaceRegion.MOUTH: [(24, 36)],
    FaceRegion.CHIN: [(24, 45)],
}
"""Column and row of each region's landmarks in a crop of 48 px."""


def face_points() -> np.ndarray:
    """Landmarks of a schematic face; those that stand for no region lie on its outline."""
    angles = np.linspace(0, 2 * np.pi, 468, endpoint=False)
    points = np.stack([24 + 19 * np.cos(angles), 26 + 20 * np.sin(angles)], axis=1).astype(np.float32)
    for region, rows in LANDMARKS.items():
        for index, row in enumerate(rows):
            points[row] = PLACES[region][index * len(PLACES[region]) // len(rows)]
    return points


def face_mesh(points: np.ndarray) -> FaceMesh:
    return FaceMesh(np.column_stack([points, np.zeros(len(points))]).astype(np.float32), 1.0)


def segment(label: Emotion, *, start_s: float, end_s: float) -> TimelineSegment:
    emotions = {emotion: (0.4 if emotion is label else 0.1) for emotion in EMOTIONS}
    return TimelineSegment(start_s=start_s, end_s=end_s, label=label, confidence=0.4, emotions=emotions)


def scores_for(label: Emotion, probability: float) -> np.ndarray:
    scores = np.full(7, (1 - probability) / 6, np.float32)
    scores[EMOTIONS.index(label)] = probability
    return scores


def offer(keeper: MomentKeeper, *, face: int = 1, label: Emotion, probability: float, **what: float) -> None:
    keeper.offer(
        face,
        weight=what.get("weight", 1.0),
        time_s=what.get("time_s", 0.0),
        scores=scores_for(label, probability),
        crop=np.full((48, 48), int(100 * probability), np.uint8),
        mesh=face_mesh(face_points()),
    )


class ActivationPredictor:
    """Serves `face_emotion` 7, and maps that light one cell: the row is the label, the column the crop's
    grey level over ten."""

    def __init__(self, *, explains: dict[str, object] | None, missing: bool = False) -> None:
        self._explains = explains
        self._missing = missing
        self.batches: list[FloatArray] = []

    def manifest(self, model: str) -> Manifest:
        if model == FACE_ACTIVATION and self._missing:
            raise TemporaryError(ErrorCode.MODEL_UNAVAILABLE, "there is none")
        return Manifest(
            name=model,
            version=7,
            labels=[],
            input=TensorSpec(name="face", shape=[None, 48, 48, 1]),
            output=TensorSpec(name="maps", shape=[None, 7, 7, 10]),
            preprocessing={EXPLAINS: self._explains} if model == FACE_ACTIVATION else {},
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            licence="none",
        )

    def asset(self, model: str, name: str) -> bytes:
        raise FileNotFoundError(name)

    def predict(self, model: str, batch: FloatArray) -> FloatArray:
        assert model == FACE_ACTIVATION
        self.batches.append(batch)
        maps = np.zeros((len(batch), 7, 7, 10), np.float32)
        for row, crop in enumerate(batch):
            for label in range(7):
                maps[row, label, label, round(float(crop.mean()) * 25.5)] = 3.0
        return maps


def test_the_surest_crop_of_a_label_is_kept_when_several_were_offered() -> None:
    keeper = MomentKeeper()
    for time_s, probability in ((1.0, 0.5), (2.0, 0.9), (3.0, 0.7)):
        offer(keeper, label=Emotion.HAPPY, probability=probability, time_s=time_s)
    offer(keeper, label=Emotion.SAD, probability=0.4, time_s=4.0)
    kept = keeper.of(1)
    assert {label: moment.time_s for label, moment in kept.items()} == {Emotion.HAPPY: 2.0, Emotion.SAD: 4.0}
    assert kept[Emotion.HAPPY].probability == pytest.approx(0.9)
    assert kept[Emotion.HAPPY].crop[0, 0] == 90


def test_the_lightest_face_is_forgotten_when_too_many_are_followed() -> None:
    keeper = MomentKeeper()
    for face in range(MOST_FACES + 3):
        offer(keeper, face=face, label=Emotion.HAPPY, probability=0.5, weight=100.0 - abs(face - 4))
    kept = [face for face in range(MOST_FACES + 3) if keeper.of(face)]
    assert len(kept) == MOST_FACES
    assert 4 in kept
    assert 0 not in kept
    assert keeper.of(99) == {}


@pytest.mark.parametrize(
    ("explains", "missing", "can"),
    [
        ({"name": FACE_EMOTION, "version": 7}, False, True),
        ({"name": FACE_EMOTION, "version": 6}, False, False),
        (None, False, False),
        ({"name": FACE_EMOTION, "version": 7}, True, False),
    ],
)
def test_maps_are_used_when_they_belong_to_the_served_version_only(
    explains: dict[str, object] | None, missing: bool, can: bool
) -> None:
    assert can_explain(ActivationPredictor(explains=explains, missing=missing)) is can


def moments(*labels: Emotion) -> dict[Emotion, Moment]:
    return {
        label: Moment(float(index), 0.5 + index / 20, np.full((48, 48), 10 * index, np.uint8), face_points())
        for index, label in enumerate(labels)
    }


def test_labels_are_explained_longest_first_when_there_are_many() -> None:
    timeline = [segment(label, start_s=10 * i, end_s=10 * i + i) for i, label in enumerate(EMOTIONS, start=1)]
    kept = moments(*EMOTIONS[:6])
    predictor = ActivationPredictor(explains=None)
    found = explain(kept, timeline, predictor)
    assert [item.label for item in found] == list(reversed(EMOTIONS[:6]))[:MOST_MOMENTS]
    assert [batch.shape for batch in predictor.batches] == [(MOST_MOMENTS, 48, 48, 1)]
    for item in found:
        assert item.summary == activation_words(item)
        moment = kept[item.label]
        assert (item.time_s, item.probability) == (moment.time_s, moment.probability)
        lit = [(y, x) for y, row in enumerate(item.grid) for x, value in enumerate(row) if value > 0]
        assert lit == [(EMOTIONS.index(item.label), EMOTIONS.index(item.label))]


def test_model_is_not_asked_when_no_label_of_the_timeline_has_a_moment() -> None:
    predictor = ActivationPredictor(explains=None)
    timeline = [segment(Emotion.SAD, start_s=0, end_s=1)]
    assert explain(moments(Emotion.HAPPY), timeline, predictor) == []
    assert predictor.batches == []


def test_shares_leave_out_what_all_labels_have_in_common() -> None:
    generator = np.random.default_rng(0)
    maps = generator.normal(size=(7, 6, 6)).astype(np.float32)
    shares = label_shares(maps, Emotion.FEAR)
    assert shares.sum() == pytest.approx(1.0, abs=1e-5)
    assert shares.min() >= 0.0
    own = maps[EMOTIONS.index(Emotion.FEAR)] - maps.mean(axis=0)
    assert np.array_equal(shares > 0, own > 0)
    assert label_shares(maps + generator.normal(size=(6, 6)).astype(np.float32), Emotion.FEAR) == (
        pytest.approx(shares, abs=1e-5)
    )


def test_shares_are_even_when_nothing_spoke_for_the_label() -> None:
    maps = np.zeros((7, 6, 6), np.float32)
    maps[EMOTIONS.index(Emotion.HAPPY)] = -1.0
    assert label_shares(maps, Emotion.HAPPY) == pytest.approx(np.full((6, 6), 1 / 36))


def test_every_region_lies_about_its_landmarks() -> None:
    regions = region_map(face_points())
    for region, places in PLACES.items():
        for column, row in places:
            assert REGIONS[regions[row, column]] is region
    for column, row in ((0, 0), (47, 0), (0, 47), (47, 47), (24, 1)):
        assert REGIONS[regions[row, column]] is FaceRegion.AROUND


@pytest.mark.parametrize("region", PLACES)
def test_a_lit_region_has_most_of_the_shares(region: FaceRegion) -> None:
    regions = region_map(face_points())
    lit = (regions == REGIONS.index(region)).astype(np.float32)
    shares = region_shares(lit / lit.sum(), regions)
    assert shares[REGIONS.index(region)] == pytest.approx(1.0)
    coarse = lit.reshape(6, 8, 6, 8).sum(axis=(1, 3))
    blurred = region_shares((coarse / coarse.sum()).astype(np.float32), regions)
    assert blurred.sum() == pytest.approx(1.0, abs=1e-5)
    assert blurred[REGIONS.index(region)] > float(lit.mean())


def test_landmarks_lie_in_the_crop_as_the_crop_was_cut() -> None:
    points = face_points() * 4 + 100
    turn = np.radians(20)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    straight, turned = face_mesh(points), face_mesh(points @ rotation + 300)
    assert crop_points(straight) == pytest.approx(crop_points(turned), abs=0.05)
    low, high = crop_points(straight).min(axis=0), crop_points(straight).max(axis=0)
    assert (high - low).max() == pytest.approx(48 / 1.083, rel=1e-3)


@pytest.mark.parametrize("grid", [[[0.5], [0.4]], [[0.5, 0.1], [0.4]]])
def test_an_activation_is_refused_when_its_grid_is_no_map_of_shares(grid: list[list[float]]) -> None:
    with pytest.raises(ValidationError):
        FaceActivation(
            time_s=1.0, label=Emotion.SAD, probability=0.5, grid=grid, regions={FaceRegion.MOUTH: 1.0}
        )
