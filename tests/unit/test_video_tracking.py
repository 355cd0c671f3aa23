import numpy as np

from services.video.face_detection import Detection
from services.video.landmarks import LANDMARKS, FaceMesh, Region
from services.video.tracking import UNCONFIRMED_S, FaceTracker

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
                return FaceMesh(points, 0.9)
        return None


def tracker_of(scene: Scene) -> FaceTracker:
    return FaceTracker(scene, scene, detection_rate_hz=4.0)  # type: ignore[arg-type]


def left_edge(mesh: FaceMesh | None) -> float | None:
    return None if mesh is None else float(mesh.box[0])


def test_detector_rests_while_a_face_is_followed():
    scene = Scene(face_at(100))
    tracker = tracker_of(scene)
    sightings = [tracker.follow(FRAME, number / 25) for number in range(26)]
    assert all(sighting.mesh is not None for sighting in sightings)
    assert scene.detections == 4 + 1 - 1  # at 0, 0.28, 0.56 and 0.84 s
    assert [sighting.faces for sighting in sightings[:3]] == [1, None, None]


def test_every_frame_is_searched_while_there_is_no_face():
    scene = Scene()
    tracker = tracker_of(scene)
    sightings = [tracker.follow(FRAME, number / 25) for number in range(5)]
    assert scene.detections == 5
    assert all(sighting.mesh is None and sighting.faces == 0 for sighting in sightings)


def test_largest_face_is_followed_when_there_are_several():
    scene = Scene(face_at(20, size=40), face_at(200, size=80))
    sighting = tracker_of(scene).follow(FRAME, 0.0)
    assert sighting.faces == 2
    assert left_edge(sighting.mesh) == 200


def test_same_face_is_followed_when_a_larger_one_comes():
    scene = Scene(face_at(20, size=50))
    tracker = tracker_of(scene)
    tracker.follow(FRAME, 0.0)
    scene.faces.append(face_at(250, size=90))
    sighting = tracker.follow(FRAME, 1.0)
    assert sighting.faces == 2
    assert left_edge(sighting.mesh) == 20


def test_other_face_is_taken_when_the_followed_one_leaves():
    scene = Scene(face_at(20), face_at(250, size=50))
    tracker = tracker_of(scene)
    tracker.follow(FRAME, 0.0)
    del scene.faces[0]
    assert left_edge(tracker.follow(FRAME, 0.04).mesh) == 250


def test_phantom_is_not_counted_when_it_has_no_landmarks():
    scene = Scene(face_at(100))
    scene.phantoms = [face_at(300)]
    assert tracker_of(scene).follow(FRAME, 0.0).faces == 1


def test_landmarks_are_believed_for_a_while_when_the_detector_goes_blind():
    scene = Scene(face_at(100))
    tracker = tracker_of(scene)
    tracker.follow(FRAME, 0.0)
    scene.blind = True
    assert tracker.follow(FRAME, UNCONFIRMED_S - 0.1).mesh is not None
    assert tracker.follow(FRAME, UNCONFIRMED_S + 0.3).mesh is None
