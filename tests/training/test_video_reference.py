"""The rebuilt face systems on striped images: real fits, small enough to be quick."""

from dataclasses import replace

import numpy as np
import pytest

from services.common.contracts.labels import EMOTIONS
from services.common.settings import REPOSITORY
from services.training.reference import UnknownSystemError
from services.training.results import read_folder, read_results
from services.video.training.reference import fitting
from services.video.training.reference.classical import (
    Boosted,
    Kernel,
    boosted_codes,
    gaussian_kernel,
    scaled_parts,
)
from services.video.training.reference.clips import aggregate, clip_row, sampled_faces
from services.video.training.reference.corpus import FER, FERPLUS, load_faces
from services.video.training.reference.descriptors import (
    hog_of,
    landmarks_of,
    shape_of,
    sliding_hog_of,
    standardised_images,
)
from services.video.training.reference.measure import measure
from services.video.training.reference.networks import (
    build_dexpression,
    build_hybrid,
    build_inception,
    build_large,
    build_simple,
    build_xception,
)
from services.video.training.reference.systems import SYSTEMS, systems_of
from services.video.training.reference.trained import images_and_tables_of, simple_cnn
from services.video.training.reference.transfer import transfer, with_head
from services.video.training.votes import FERPLUS_LABELS, OTHER_VOTES
from tests.media_video import make_video_file, make_video_frames

keras = pytest.importorskip("keras")

N_TRAIN, N_TEST = 210, 70
SHAPE = (48, 48, 1)


def stripes(count, *, seed):
    """Images whose label shows as the distance of bright stripes, on noise of their own."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 7
    images = generator.integers(0, 60, (count, 48, 48), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:: 2 + 2 * label] += 150
    return images, labels


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """FER2013's layout; three images stand in both partitions, every seventh has no FER+ majority."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "fer2013").mkdir()
    parts = {"train": stripes(N_TRAIN, seed=0), "public": stripes(N_TEST, seed=1)}
    parts["train"][0][:3] = parts["public"][0][:3]
    for name, (images, labels) in parts.items():
        votes = np.zeros((len(images), 10), np.uint8)
        votes[np.arange(len(images)), labels] = 10
        votes[::7] = 1
        np.savez(
            folder / "fer2013" / f"{name}.npz",
            images=images,
            labels=labels,
            label_names=np.array([str(emotion) for emotion in EMOTIONS]),
            ferplus_votes=votes,
            ferplus_vote_names=np.array(FERPLUS_LABELS + OTHER_VOTES),
        )
    return folder


@pytest.fixture(scope="module")
def faces(data, tmp_path_factory):
    return load_faces(data, runs=tmp_path_factory.mktemp("runs"), n_fit=140)


class Parrot:
    """Names the true class of every image but the first, and counts how often it is asked."""

    title, note, recipe, exam = "parrot", "Knows the answers.", "1", FER

    def __init__(self):
        self.calls = []

    def predict(self, faces, *, seed):
        self.calls.append(seed)
        named = np.maximum(self.exam.labels(faces.test), 0)
        named[1] = (named[1] + 1) % len(self.exam.classes)
        return named


def test_copies_of_tested_images_are_left_out_when_faces_are_drawn(data, tmp_path):
    whole = load_faces(data, runs=tmp_path, n_fit=10_000)
    assert len(whole.fit) == N_TRAIN - 3
    tested = {image.tobytes() for image in whole.test.images}
    assert not any(image.tobytes() in tested for image in whole.fit.images)


def test_every_emotion_keeps_its_share_when_faces_are_drawn(faces):
    counts = np.bincount(faces.fit.labels)
    assert (len(faces.fit), len(faces.test)) == (140, N_TEST)
    assert counts.max() - counts.min() <= 1


def test_features_are_read_back_when_they_were_made_before(faces):
    first, _ = faces.features("hog")
    path = next(faces.cache.glob("hog-*.npy"))
    stamp = path.stat().st_mtime_ns
    np.testing.assert_array_equal(faces.features("hog")[0], first)
    assert path.stat().st_mtime_ns == stamp


def test_finished_parts_are_not_computed_again_when_a_run_was_stopped(faces):
    stopped = replace(faces, cache=faces.cache / "stopped")
    (stopped.cache / "parts").mkdir(parents=True)
    np.save(stopped.cache / "parts" / "hog-1-0.npy", np.zeros((N_TEST + 140, 72), np.float32))
    fit, test = stopped.features("hog")
    assert (fit.shape, test.shape) == ((140, 72), (N_TEST, 72))
    assert not fit.any()
    assert not test.any()


def test_gradients_name_the_direction_of_edges_when_described():
    upright = np.tile(np.arange(48, dtype=np.uint8) * 5, (48, 1))
    both = hog_of(np.stack([upright, upright.T])).reshape(2, 9, 8)
    across, down = both.mean(axis=1)
    assert across.argmax() in {0, 7}
    assert down.argmax() in {3, 4}
    assert np.linalg.norm(both, axis=2) == pytest.approx(1.0, abs=0.02)


def test_windows_describe_their_place_when_they_slide():
    image = np.zeros((1, 48, 48), np.uint8)
    image[0, 40:, 40:] = np.arange(8, dtype=np.uint8) * 30
    windows = sliding_hog_of(image).reshape(25, 72)
    assert np.flatnonzero(windows.any(axis=1)).tolist() == [18, 19, 23, 24]


def test_a_shape_stays_when_the_face_is_moved_enlarged_and_turned():
    points = np.random.default_rng(0).normal(size=(468, 2)).astype(np.float32)
    turn = np.array([[np.cos(0.4), np.sin(0.4)], [-np.sin(0.4), np.cos(0.4)]])
    moved = (3.0 * points @ turn + [50.0, -20.0]).astype(np.float32)
    np.testing.assert_allclose(shape_of(moved), shape_of(points), atol=1e-4)
    upright = shape_of(moved).reshape(468, 2)
    assert upright[263, 1] == pytest.approx(upright[33, 1], abs=1e-4)
    assert upright[263, 0] > upright[33, 0]


def test_landmarks_are_missing_when_there_is_no_face(faces):
    assert np.isnan(landmarks_of(faces.fit.images[:2])).all()


def test_a_missing_row_becomes_the_mean_when_features_are_scaled():
    known = np.random.default_rng(0).normal(5.0, 3.0, (200, 10)).astype(np.float32)
    known[0] = np.nan
    fit, asked = scaled_parts(known, np.full((1, 10), np.nan, np.float32))
    assert not fit[0].any()
    assert not asked.any()
    assert fit[1:].var(axis=0).sum() == pytest.approx(1.0, abs=1e-3)


def test_the_kernel_is_gaussian_when_rows_are_near_and_far():
    rows = np.array([[0.0, 0.0], [3.0, 4.0]], np.float32)
    expected = [[1.0, np.exp(-2.5)], [np.exp(-2.5), 1.0]]
    np.testing.assert_allclose(gaussian_kernel(rows, rows, gamma=0.1), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "line",
    [
        Kernel("both", ("hog", "sliding_hog"), 50.0),
        Boosted("trees", encoded=False, trees=10),
    ],
    ids=lambda line: line.name,
)
def test_a_line_learns_the_stripes_when_fitted(faces, line):
    row = measure(line, faces, system=line.name, seeds=[0])
    assert row.figures["accuracy"].value > 0.8
    assert row.figures["majority"].value == pytest.approx(1 / 7)
    assert row.people is None
    assert "140 images" in row.note


def test_trees_see_codes_when_images_are_encoded(faces):
    (line,) = boosted_codes()
    named = replace(line, trees=4).predict(faces, seed=0)
    assert named.shape == (N_TEST,)
    assert len(set(named.tolist())) > 1


def test_nothing_is_predicted_again_when_a_run_is_repeated(faces):
    first, second, changed = Parrot(), Parrot(), Parrot()
    changed.recipe = "2"
    rows = [measure(one, faces, system="again", seeds=[7, 8]) for one in (first, second, changed)]
    assert [one.calls for one in (first, second, changed)] == [[7, 8], [], [7, 8]]
    assert rows[0] == rows[1]
    assert rows[0].figures["accuracy"].value == pytest.approx(1 - 1 / N_TEST)
    assert rows[0].figures["accuracy"].low < rows[0].figures["accuracy"].value


def test_images_without_majority_do_not_count_when_asked_for_ferplus(faces):
    parrot = Parrot()
    parrot.exam = FERPLUS
    row = measure(parrot, faces, system="plus", seeds=[0])
    assert row.n == N_TEST - len(range(0, N_TEST, 7))
    assert row.labels == list(FERPLUS_LABELS)
    assert row.group != "Reference systems"


def test_the_structure_is_the_published_one_when_networks_are_built():
    def layers_of(network, kind):
        return [layer for layer in network.layers if type(layer).__name__ == kind]

    inception, xception = build_inception((SHAPE,)), build_xception((SHAPE,))
    dexpression = build_dexpression((SHAPE,))
    assert [len(layer.input) for layer in layers_of(inception, "Concatenate")] == [4, 4, 4]
    assert len(layers_of(xception, "SeparableConv2D")) == 3 * 2 + 4 * 3 + 2 + 2
    assert len(layers_of(xception, "Add")) == 3 + 4 + 1
    filters = [layer.filters for layer in layers_of(dexpression, "Conv2D")]
    assert sorted(filters) == sorted([64, *2 * (96, 208, 64)])
    assert [len(layer.input) for layer in layers_of(dexpression, "Concatenate")] == [2, 2]
    assert len(build_hybrid((SHAPE, (10,))).inputs) == 2
    assert build_large(256).output_shape == (None, 7)


def test_a_network_names_every_class_that_it_has_learnt_when_trained(faces):
    (line,) = simple_cnn()
    small = replace(line, batch_size=10)
    named = small.predict(faces, seed=0)
    assert (named == faces.test.labels).mean() > 0.5
    assert small.recipe != line.recipe


def test_the_hybrid_gets_standardised_tables_when_it_is_fed(faces):
    pixels, _ = faces.features("pixels")
    gaps = np.where(np.arange(len(pixels))[:, None] == 0, np.nan, pixels)
    stored = replace(faces, cache=faces.cache / "hybrid")
    (faces.cache / "hybrid").mkdir()
    test = np.zeros((N_TEST, pixels.shape[1]))
    for name in ("landmarks", "hog"):
        np.save(stored.cache / f"{name}-1.npy", np.concatenate([gaps, test]).astype(np.float32))
    (images, table), (_, asked) = images_and_tables_of(stored)
    assert images.shape == (140, *SHAPE)
    assert table.shape == (140, 2 * pixels.shape[1])
    assert not table[0].any()
    assert table[1:].std(axis=0) == pytest.approx(1.0, abs=1e-2)
    assert len(asked) == N_TEST


def test_only_the_head_learns_when_the_body_is_frozen():
    fitting.prepare(0)
    images, labels = stripes(28, seed=3)
    for frozen in (True, False):
        body = build_simple((SHAPE,))
        before = [np.array(weights) for weights in body.get_weights()[:-2]]
        network = with_head(body, 8, frozen=frozen)
        fitting.fit_network(network, [standardised_images(images)], labels, epochs=1)
        after = body.get_weights()[:-2]
        assert network.output_shape == (None, 8)
        assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True)) is frozen


def test_transfer_is_compared_with_random_weights_when_it_is_listed():
    lines = transfer()
    assert [(line.pretrained, line.frozen) for line in lines] == [(False, False), (True, True), (True, False)]
    assert len({line.title for line in lines}) == 3


def test_mean_and_vote_differ_when_one_frame_is_sure():
    frames = np.array([[0.55, 0.45, 0.0], [0.55, 0.45, 0.0], [0.0, 0.9, 0.1]], np.float32)
    answer = aggregate(frames)
    assert (answer.mean_label, answer.vote_label) == (1, 0)
    assert answer.mean_probability == pytest.approx(0.6)
    assert answer.vote_share == pytest.approx(2 / 3)
    tied = aggregate(frames[1:])
    assert tied.vote_label == 1


def test_every_twentieth_frame_is_looked_at_when_a_clip_is_read(tmp_path):
    from services.video.settings import VideoSettings

    video = make_video_file(tmp_path / "empty.mp4", make_video_frames(45))
    frames = list(sampled_faces(video, VideoSettings()))
    assert frames == [None, None, None]
    row = clip_row(None, "empty.mp4", frames, system="clip-cnn", seed=0)
    assert row.figures["with a face"].value == 0.0
    assert row.title == "empty.mp4: no face, no answer"


def test_a_system_is_refused_by_name_when_there_is_none(data):
    with pytest.raises(UnknownSystemError, match=r"for face; known are hog-svm, .*transfer"):
        SYSTEMS.measure("hog-svn", data, results=data)
    assert all(system.about for system in SYSTEMS.systems)


def test_a_results_file_is_written_when_a_system_is_measured(data, tmp_path):
    shares = []
    path = systems_of(70).measure(
        "hog-svm", data, runs=tmp_path / "runs", results=tmp_path, progress=shares.append
    )
    written = read_results(path)
    assert path == tmp_path / "face" / "hog-svm.json"
    assert [row.title for row in written.rows] == ["HOG + SVM [32.8 published]"]
    assert (shares[-1], written.rows[0].n) == (1.0, N_TEST)


def test_every_published_row_names_its_data_and_commit_when_read():
    files = read_folder("face", folder=REPOSITORY / "deploy" / "results")
    systems = {row.system: file for file in files for row in file.rows}
    assert systems
    for name in systems.keys() & {system.name for system in SYSTEMS.systems}:
        assert systems[name].commit
        assert len(systems[name].data_hash["fer2013"]) == 64
