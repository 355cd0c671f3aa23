import numpy as np
import pytest

from services.video.face_detection import (
    FULL_RANGE,
    SHORT_RANGE,
    AnchorPlan,
    Detection,
    FaceDetector,
    anchor_centres,
    blend_overlaps,
    decode_boxes,
    letterbox,
    merge_detections,
    overlaps,
    suppress_overlaps,
)


class FakeBlazeFace:
    """Answers with one face over the whole of a 40 px square in the middle of the input."""

    def __init__(self, *, rows: list[int], logit: float = 5.0, plan: AnchorPlan = SHORT_RANGE) -> None:
        self._rows, self._logit, self._plan = rows, logit, plan

    def run(self, batch: np.ndarray) -> list[np.ndarray]:
        side, anchors = self._plan.input_px, anchor_centres(self._plan)
        assert batch.shape == (1, side, side, 3)
        regressors = np.zeros((1, len(anchors), 16), np.float32)
        logits = np.full((1, len(anchors), 1), -20.0, np.float32)
        for row in self._rows:
            centre = side / 2 - anchors[row] * side
            regressors[0, row] = np.concatenate([centre, [40, 40], np.tile(centre, 6)])
            logits[0, row] = self._logit
        return [logits, regressors]  # the order of the outputs must not matter


def boxes_of(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32)


def test_there_are_896_anchors_inside_the_input():
    anchors = anchor_centres()
    assert anchors.shape == (896, 2)
    assert anchors.min() > 0
    assert anchors.max() < 1
    assert len(np.unique(anchors[:512], axis=0)) == 16 * 16
    assert len(np.unique(anchors[512:], axis=0)) == 8 * 8
    assert anchors[0].tolist() == [1 / 32, 1 / 32]
    assert anchors[-1].tolist() == [15 / 16, 15 / 16]


def test_full_range_has_one_anchor_in_each_of_its_cells():
    anchors = anchor_centres(FULL_RANGE)
    assert anchors.shape == (2304, 2)
    assert len(np.unique(anchors, axis=0)) == 2304
    assert anchors[49] == pytest.approx([1.5 / 48, 1.5 / 48])


def test_full_range_detection_is_in_pixels_of_the_frame():
    model = FakeBlazeFace(rows=[1000, 1001], plan=FULL_RANGE)
    faces = FaceDetector(model, least_score=0.5, plan=FULL_RANGE).detect(np.zeros((360, 640, 3), np.uint8))
    assert len(faces) == 1
    half = 20 * 640 / 192
    assert faces[0].box == pytest.approx([320 - half, 180 - half, 320 + half, 180 + half], abs=0.1)


def detection(left: float, size: float, score: float = 0.9) -> Detection:
    box = np.array([left, 0, left + size, size], np.float32)
    return Detection(box, np.zeros((6, 2), np.float32), score)


def test_merging_keeps_the_first_network_where_both_see_a_face():
    near, same, small = detection(0, 100), detection(5, 100, 0.99), detection(300, 30)
    assert merge_detections([near], [same, small]) == [near, small]
    assert merge_detections([], [small, same]) == [same, small]
    assert merge_detections([small], []) == [small]


def test_a_box_lies_on_its_anchor_when_the_network_regresses_nothing_but_a_size():
    regressors = np.zeros((896, 16), np.float32)
    regressors[:, 2:4] = 32
    decoded = decode_boxes(regressors)
    assert decoded[:, :2] == pytest.approx(anchor_centres() - 0.125)
    assert decoded[:, 2:4] == pytest.approx(anchor_centres() + 0.125)
    assert decoded[:, 4:6] == pytest.approx(anchor_centres())


@pytest.mark.parametrize(
    ("box", "share"), [((0, 0, 2, 2), 1.0), ((1, 0, 3, 2), 1 / 3), ((2, 2, 4, 4), 0.0), ((5, 5, 5, 5), 0.0)]
)
def test_overlap_is_intersection_over_union(box: tuple[float, float, float, float], share: float):
    assert overlaps(boxes_of((0, 0, 2, 2))[0], boxes_of(box))[0] == pytest.approx(share)


def test_suppression_keeps_the_best_when_boxes_overlap():
    boxes = boxes_of((0, 0, 10, 10), (1, 1, 11, 11), (30, 30, 40, 40))
    assert suppress_overlaps(boxes, np.array([0.7, 0.9, 0.8], np.float32)) == [1, 2]


def test_suppression_keeps_both_when_boxes_barely_touch():
    boxes = boxes_of((0, 0, 10, 10), (8, 0, 18, 10))
    assert suppress_overlaps(boxes, np.array([0.7, 0.9], np.float32)) == [1, 0]


def test_blending_averages_by_score_when_boxes_overlap():
    boxes = boxes_of((0, 0, 10, 10), (2, 0, 12, 10))
    [(blended, score)] = blend_overlaps(boxes, np.array([0.9, 0.3], np.float32))
    assert blended == pytest.approx([0.5, 0, 10.5, 10])
    assert score == pytest.approx(0.9)


def test_letterbox_keeps_the_aspect_when_the_frame_is_wide():
    image = np.full((100, 200, 3), 255, np.uint8)
    batch, scale, offset = letterbox(image)
    assert scale == pytest.approx(0.64)
    assert offset == (0, 32)
    assert (batch[0, :32] == -1).all()
    assert (batch[0, 32:96] == 1).all()
    assert (batch[0, 96:] == -1).all()


def test_detection_is_in_pixels_of_the_frame_when_the_frame_was_scaled():
    faces = FaceDetector(FakeBlazeFace(rows=[300]), least_score=0.5).detect(np.zeros((360, 640, 3), np.uint8))
    assert len(faces) == 1
    assert faces[0].box == pytest.approx([220, 80, 420, 280], abs=0.1)
    assert faces[0].keypoints == pytest.approx(np.tile([320, 180], (6, 1)), abs=0.1)
    assert faces[0].area_px == pytest.approx(200 * 200, rel=1e-3)


def test_one_face_is_found_when_many_anchors_see_it():
    frame = np.zeros((128, 128, 3), np.uint8)
    assert len(FaceDetector(FakeBlazeFace(rows=[100, 300, 600]), least_score=0.5).detect(frame)) == 1


def test_nothing_is_found_when_the_scores_are_low():
    frame = np.zeros((128, 128, 3), np.uint8)
    assert FaceDetector(FakeBlazeFace(rows=[100], logit=-1.0), least_score=0.5).detect(frame) == []
