import numpy as np
import pytest

from services.video.face_detection import Detection
from services.video.landmarks import LANDMARKS, FaceMesh, Region
from services.video.tracking import UNCONFIRMED_S, WEAK_SCORE, FaceTracker, Sighting

FRAME = np.zeros((200, 400, 3), np.uint8)


def face_at(x: float, *, size: float = 60.0) -> Detection:
    box = np.array([x, 50, x + size, 50 + size], np.float32)
    eyes = [[x + size * 0.3, 70], [x + size * 0.7, 70]]
    return Detection(box, np.array([*eyes, *[[x + size / 2, 90]] * 4], np.float32), 0.9)


class Scene:
    """The two networks, played by a list of faces that are there. Knows how often it was asked."""

    def __init__(self, *faces: Detection) -> None:
        self.faces = list(faces)
        self.phantoms: list[Detection] = []
        self.blind = False
        self.score = 1.0
        self.detections = 0

    def detect(self, image: np.ndarray) -> list[Detection]:
        self.detections += 1
        seen = [] if self.blind else self.faces + self.phantoms
        return sorted(seen, key=lambda face: -face.area_px)

    def locate(self, image: np.ndarray, region: Region) -> FaceMesh | None:
        for face in self.faces:
            centre = (face.box[:2] + face.box[2:]) / 2
            if np.abs(centre - region.centre).max() < region.side_px / 3:
                x = np.linspace(face.box[0], face.box[2], LANDMARKS)
                y = np.linspace(face.box[1], face.box[3], LANDMARKS)
                points = np.column_stack([x, y, np.zeros(LANDMARKS)]).astype(np.float32)
                points[33, :2], points[263, :2] = face.keypoints[0], face.keypoints[1]
                return FaceMesh(points, self.score)
        return None


def tracker_of(scene: Scene) -> FaceTracker:
    return FaceTracker(scene, scene, detection_rate_hz=1.0)


def test_detector_rests_while_a_face_is_followed():
    scene = Scene(face_at(100))
    tracker = tracker_of(scene)
    sightings = [tracker.follow(FRAME, number / 25) for number in range(26)]
    assert all(sighting.mesh is not None for sighting in sightings)
    assert scene.detections == 2  # at 0 and 1 s
    assert [sighting.counted for sighting in sightings[:3]] == [1, None, None]


def test_every_frame_is_searched_while_there_is_no_face():
    scene = Scene()
    tracker = tracker_of(scene)
    sightings = [tracker.follow(FRAME, number / 25) for number in range(5)]
    assert scene.detections == 5
    assert all(sighting.mesh is None and sighting.counted == 0 for sighting in sightings)


def numbers_at(sighting: Sighting) -> dict[int, float]:
    """Left edge of each followed face, by its number."""
    return {face.number: float(face.mesh.box[0]) for face in sighting.followed}


def test_faces_keep_their_numbers_when_there_are_several():
    scene = Scene(face_at(20, size=60), face_at(200, size=80))
    tracker = tracker_of(scene)
    first = tracker.follow(FRAME, 0.0)
    assert first.counted == 2
    assert numbers_at(first) == {1: 200, 2: 20}
    scene.faces[0] = face_at(10, size=90)  # the other one is the larger now
    assert numbers_at(tracker.follow(FRAME, 0.04)) == {1: 200, 2: 10}


def test_further_faces_are_counted_but_not_followed_when_there_are_many():
    scene = Scene(*(face_at(10 + 78 * index, size=60 + index) for index in range(5)))
    sighting = tracker_of(scene).follow(FRAME, 0.0)
    assert sighting.counted == 5
    assert list(numbers_at(sighting)) == [1, 2, 3]


def test_newcomer_gets_a_new_number():
    scene = Scene(face_at(20, size=50))
    tracker = tracker_of(scene)
    tracker.follow(FRAME, 0.0)
    scene.faces.append(face_at(250, size=90))
    sighting = tracker.follow(FRAME, 1.0)
    assert sighting.counted == 2
    assert numbers_at(sighting) == {1: 20, 2: 250}


def test_number_returns_when_the_only_face_leaves_and_comes_back_elsewhere():
    scene = Scene(face_at(20))
    tracker = tracker_of(scene)
    tracker.follow(FRAME, 0.0)
    scene.faces = []
    assert tracker.follow(FRAME, 0.04).followed == []
    scene.faces = [face_at(300)]
    assert numbers_at(tracker.follow(FRAME, 60.0)) == {1: 300}


def test_number_returns_when_a_face_of_its_size_comes_back_to_its_place():
    scene = Scene(face_at(20), face_at(250))
    tracker = tracker_of(scene)
    tracker.follow(FRAME, 0.0)
    del scene.faces[1]
    assert list(numbers_at(tracker.follow(FRAME, 0.04))) == [1]
    scene.faces.append(face_at(280))
    assert numbers_at(tracker.follow(FRAME, 5.0)) == {1: 20, 2: 280}


@pytest.mark.parametrize(
    ("returned", "at_s"), [(face_at(140), 5.0), (face_at(250, size=110), 5.0), (face_at(250), 30.0)]
)
def test_number_is_new_when_place_or_size_or_time_do_not_fit(returned: Detection, at_s: float):
    scene = Scene(face_at(20), face_at(250))
    tracker = tracker_of(scene)
    tracker.follow(FRAME, 0.0)
    del scene.faces[1]
    tracker.follow(FRAME, 0.04)
    scene.faces.append(returned)
    assert list(numbers_at(tracker.follow(FRAME, at_s))) == [1, 3]


def test_detector_is_asked_when_the_landmarks_are_weak():
    scene = Scene(face_at(100))
    scene.score = WEAK_SCORE - 0.1
    tracker = tracker_of(scene)
    for number in range(26):
        tracker.follow(FRAME, number / 25)
    assert scene.detections > 5


def test_one_track_is_left_when_two_slide_onto_one_face():
    scene = Scene(face_at(100), face_at(165))
    tracker = tracker_of(scene)
    assert len(tracker.follow(FRAME, 0.0).followed) == 2
    scene.faces = [face_at(132)]
    assert len(tracker.follow(FRAME, 0.04).followed) == 1


def test_small_face_is_followed_when_only_the_full_range_detector_sees_it():
    scene, far = Scene(face_at(20)), face_at(250, size=30)
    scene.blind = True
    full_range = Scene(far)
    scene.faces.append(far)  # the landmarks are the same network's
    tracker = FaceTracker(scene, scene, detection_rate_hz=1.0, full_range=full_range)
    assert numbers_at(tracker.follow(FRAME, 0.0)) == {1: 250}


def test_full_range_detector_rests_between_searches_when_there_is_no_face():
    scene, full_range = Scene(), Scene()
    tracker = FaceTracker(scene, scene, detection_rate_hz=1.0, full_range=full_range)
    for number in range(25):
        tracker.follow(FRAME, number / 25)
    assert scene.detections == 25
    assert full_range.detections == 4


def test_phantom_is_not_counted_when_it_has_no_landmarks():
    scene = Scene(face_at(100))
    scene.phantoms = [face_at(300)]
    sighting = tracker_of(scene).follow(FRAME, 0.0)
    assert sighting.counted == 1
    assert [float(face.box[0]) for face in sighting.unclear] == [300]


def test_landmarks_are_believed_for_a_while_when_the_detector_goes_blind():
    scene = Scene(face_at(100))
    tracker = tracker_of(scene)
    tracker.follow(FRAME, 0.0)
    scene.blind = True
    assert tracker.follow(FRAME, UNCONFIRMED_S - 0.1).mesh is not None
    assert tracker.follow(FRAME, UNCONFIRMED_S + 0.3).mesh is None
