"""The residual face network: votes, batches, the same weights in two frameworks, and the export."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from services.common.contracts.labels import EMOTIONS, Emotion
from services.common.media.files import Progress
from services.common.serving.litert import LiteRtPredictor
from services.common.serving.registry import FACE_ACTIVATION, FACE_EMOTION, load_manifest
from services.training.folders import Folders
from services.training.publishing import Outcome
from services.training.results import SERVED, Figure, read_results
from services.video.features import network_input
from services.video.salience import can_explain
from services.video.training import torch_fit
from services.video.training.activation import (
    GAP_PX,
    LARGEST_DIFFERENCE,
    LEAST_FACES,
    TILE_PX,
    AverageMap,
    logit_difference,
    picture,
)
from services.video.training.batches import LabelledFaces, augmented, load_labelled, smoothed
from services.video.training.dataset import Augmentation, warp_randomly
from services.video.training.evaluate import evaluate
from services.video.training.measure import softmax
from services.video.training.recipe import HEADS, LOOKS, Look, Phase, ResidualRecipe, convolutions
from services.video.training.tables import PROTOCOL, VOTES_PROTOCOL
from services.video.training.train import load_run, train
from services.video.training.votes import (
    FERPLUS_LABELS,
    NO_MAJORITY,
    OTHER_VOTES,
    load_votes,
    majorities,
    soft_targets,
)
from tests.published import untouched_publications

keras = pytest.importorskip("keras")

from services.video.training.residual import (  # noqa: E402
    activation_maps,
    looking,
    put_weights,
    residual_network,
    rotation,
    served,
)

BOTH_WAYS = LOOKS["crop and mirror image"]
TINY = ResidualRecipe(phases=(Phase(1, 32), Phase(1, 48)), stem=4, widths=(6, 8), batch_size=14)
STILL = Augmentation(rotation_deg=0, scale=0, shift_px=0)


def votes_row(**counts: int) -> list[int]:
    return [counts.get(name, 0) for name in FERPLUS_LABELS + OTHER_VOTES]


def stripes(count: int, *, seed: int = 0) -> LabelledFaces:
    """Images whose label shows as the number of bright stripes."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 7
    images = generator.integers(0, 60, (count, 48, 48), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:: 2 + 2 * label] += 150
    votes = np.zeros((count, 10), np.uint8)
    votes[np.arange(count), labels] = 10
    return LabelledFaces(images, labels.astype(np.int64), votes)


def write_corpus(folder: Path) -> Path:
    (folder / "fer2013").mkdir()
    for seed, (name, count) in enumerate({"train": 140, "public": 35}.items()):
        part = stripes(count, seed=seed)
        np.savez(
            folder / "fer2013" / f"{name}.npz",
            images=part.images,
            labels=part.labels,
            label_names=np.array([str(emotion) for emotion in EMOTIONS]),
            ferplus_votes=part.votes[:, ::-1],
            ferplus_vote_names=np.array((FERPLUS_LABELS + OTHER_VOTES)[::-1]),
        )
    return folder


def random_weights(recipe: ResidualRecipe, *, seed: int = 0) -> dict[str, np.ndarray]:
    """Weights in PyTorch's names and layout; no two numbers are the same."""
    generator = np.random.default_rng(seed)
    weights: dict[str, np.ndarray] = {}
    for layer in convolutions(recipe):
        norm = f"{layer.name}_norm"
        weights[f"{layer.name}.weight"] = generator.normal(0, 0.3, (layer.outputs, layer.inputs, 3, 3))
        weights[f"{norm}.weight"] = generator.uniform(0.5, 1.5, layer.outputs)
        weights[f"{norm}.bias"] = generator.normal(0, 0.3, layer.outputs)
        weights[f"{norm}.running_mean"] = generator.normal(0, 0.3, layer.outputs)
        weights[f"{norm}.running_var"] = generator.uniform(0.5, 1.5, layer.outputs)
        weights[f"{norm}.num_batches_tracked"] = np.array(3)
    for head, count in HEADS.items():
        weights[f"{head}.weight"] = generator.normal(0, 0.3, (count, recipe.widths[-1]))
        weights[f"{head}.bias"] = generator.normal(0, 0.3, count)
    return {name: value.astype(np.float32) for name, value in weights.items()}


def by_hand(image: np.ndarray, weights: dict[str, np.ndarray], recipe: ResidualRecipe) -> list[np.ndarray]:
    """Both heads' logits of one image `(48, 48)`, by the definition of every layer."""

    def normalised(x: np.ndarray, name: str) -> np.ndarray:
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
        y = np.einsum("ihwkl,oikl->ohw", windows, weights[f"{name}.weight"])
        scale, shift, mean, variance = (
            weights[f"{name}_norm.{part}"][:, None, None]
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        return (y - mean) / np.sqrt(variance + 1e-5) * scale + shift

    x = ((image - image.mean()) / np.sqrt(image.var() + 1e-4))[None]
    x = np.maximum(normalised(x, "stem"), 0)
    for number in range(1, len(recipe.widths) + 1):
        channels, height, width = x.shape
        x = x.reshape(channels, height // 2, 2, width // 2, 2).max(axis=(2, 4))
        shortcut = np.maximum(normalised(x, f"stage{number}"), 0)
        x = np.maximum(normalised(shortcut, f"stage{number}_first"), 0)
        x = np.maximum(normalised(x, f"stage{number}_second") + shortcut, 0)
    pooled = x.mean(axis=(1, 2))
    return [weights[f"{head}.weight"] @ pooled + weights[f"{head}.bias"] for head in HEADS]


def answers(network: keras.Model, batch: np.ndarray) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(head) for head in network(batch, training=False)]


def tiny_network(weights: dict[str, np.ndarray]) -> keras.Model:
    network = residual_network(TINY)
    put_weights(network, TINY, weights)
    return network


def faces_batch(count: int) -> np.ndarray:
    return np.random.default_rng(5).random((count, 48, 48, 1), dtype=np.float32)


def test_votes_keep_their_emotion_when_the_file_orders_them_otherwise(tmp_path: Path):
    data = write_corpus(tmp_path)
    assert np.array_equal(load_votes(data, "public"), stripes(35, seed=1).votes)


def test_votes_are_refused_when_the_file_names_other_columns(tmp_path: Path):
    np.savez(tmp_path / "train.npz", ferplus_votes=np.zeros((1, 2)), ferplus_vote_names=["neutral", "joy"])
    with pytest.raises(ValueError, match="joy"):
        load_votes(tmp_path, "train")


def test_soft_targets_leave_out_votes_that_name_no_emotion():
    votes = np.array([votes_row(neutral=3, fear=1, unknown=6), votes_row(NF=10)], np.uint8)
    targets = soft_targets(votes)
    assert targets[0, FERPLUS_LABELS.index("neutral")] == pytest.approx(0.75)
    assert targets.sum(axis=1) == pytest.approx([1.0, 0.0])


@pytest.mark.parametrize(
    ("votes", "majority"),
    [
        (votes_row(anger=6, fear=4), "anger"),
        (votes_row(anger=5, fear=5), None),
        (votes_row(anger=2, fear=1, sadness=1, neutral=1), "anger"),
        (votes_row(anger=1, fear=1), None),
        (votes_row(anger=3, unknown=7), None),
        (votes_row(NF=10), None),
    ],
)
def test_majority_needs_more_than_half_when_single_votes_are_dropped(votes: list[int], majority: str | None):
    expected = NO_MAJORITY if majority is None else FERPLUS_LABELS.index(majority)
    assert majorities(np.array([votes], np.uint8)).tolist() == [expected]


def test_smoothed_labels_sum_to_one_and_keep_their_peak():
    targets = smoothed(np.array([2]), smoothing=0.1)
    assert targets.sum() == pytest.approx(1.0)
    assert targets[0, 2] == pytest.approx(0.9 + 0.1 / 7)


def test_batch_has_the_size_of_its_phase_and_mixes_both_targets_alike():
    faces = stripes(28)
    inputs, (labels, votes) = augmented(
        faces, np.arange(28), np.random.default_rng(0), ResidualRecipe(label_smoothing=0.0), size_px=32
    )
    assert inputs.shape == (28, 32, 32, 1)
    assert 0.0 <= inputs.min() < inputs.max() <= 1.0
    assert votes[:, :7] == pytest.approx(labels, abs=1e-6)
    assert (labels.max(axis=1) < 0.999).any()


def test_smaller_crop_shows_the_whole_face_when_nothing_else_moves_it():
    image = np.zeros((48, 48), np.uint8)
    image[:, :16] = 240
    generator = np.random.default_rng(0)
    small = [warp_randomly(image, generator, STILL, size_px=32) for _ in range(8)]
    bright = {int((crop > 120).sum()) for crop in small}
    assert bright <= {32 * 10, 32 * 11}
    assert {bool(crop[0, 0] > 120) for crop in small} == {True, False}


def test_size_follows_the_phases():
    assert [TINY.size_px(epoch) for epoch in range(TINY.epochs)] == [32, 48]
    with pytest.raises(ValueError, match="fewer epochs"):
        TINY.size_px(2)


def test_learning_rate_rises_then_falls_to_nothing():
    recipe = ResidualRecipe(phases=(Phase(4, 32),), learning_rate=0.1, warm_up_epochs=1.0)
    rates = [torch_fit.learning_rate(recipe, step=step, steps_per_epoch=50) for step in range(201)]
    assert np.argmax(rates) == 50
    assert max(rates) == pytest.approx(0.1)
    assert rates[0] < 0.01
    assert rates[200] == pytest.approx(0.0, abs=1e-6)


def test_keras_answers_as_the_layers_are_defined_when_weights_are_put_in():
    weights = random_weights(TINY)
    batch = faces_batch(2)
    heads = answers(tiny_network(weights), batch)
    for row, face in enumerate(batch):
        for head, expected in zip(heads, by_hand(face[..., 0], weights, TINY), strict=True):
            assert head[row] == pytest.approx(expected, abs=1e-4)


def test_brightness_and_contrast_do_not_reach_the_network():
    network = tiny_network(random_weights(TINY))
    face = network_input(stripes(1).images)
    plain, dimmed = (answers(network, x)[0] for x in (face, 0.4 * face + 0.3))
    assert plain == pytest.approx(dimmed, rel=0.01, abs=0.05)


def test_the_input_has_the_name_and_size_that_serving_knows():
    network = residual_network(ResidualRecipe())
    assert (network.inputs[0].name, network.inputs[0].shape) == ("face", (None, 48, 48, 1))
    assert 1_500_000 < network.count_params() < 2_500_000


def test_a_run_is_refused_when_there_are_fewer_images_than_a_batch_has(tmp_path: Path):
    with pytest.raises(ValueError, match="13 images are less than one batch of 14"):
        torch_fit.fit(stripes(13), stripes(7), TINY, seed=0, work_dir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_weights_are_refused_when_some_are_missing_or_left_over():
    weights = random_weights(TINY)
    with pytest.raises(ValueError, match="more_norm"):
        put_weights(residual_network(TINY), TINY, weights | {"more_norm.bias": np.zeros(1, np.float32)})
    del weights["stage2_first.weight"]
    with pytest.raises(KeyError, match="stage2_first"):
        put_weights(residual_network(TINY), TINY, weights)


def test_a_face_and_its_mirror_image_get_the_same_answer_when_both_ways_are_looked_at():
    network = tiny_network(random_weights(TINY))
    batch = faces_batch(3)
    mirror = np.ascontiguousarray(batch[:, :, ::-1])
    assert np.abs(answers(network, batch)[0] - answers(network, mirror)[0]).max() > 1e-3
    both = looking(network, BOTH_WAYS)
    assert answers(both, batch)[0] == pytest.approx(answers(both, mirror)[0], abs=1e-5)
    halves = (answers(network, batch)[1] + answers(network, mirror)[1]) / 2
    assert answers(both, batch)[1] == pytest.approx(halves, abs=1e-5)


@pytest.mark.parametrize("degrees", [8.0, -30.0])
def test_image_is_turned_as_by_opencv(degrees: float):
    image = np.random.default_rng(0).random((48, 48)).astype(np.float32)
    matrix = cv2.getRotationMatrix2D((23.5, 23.5), degrees, 1.0)
    expected = cv2.warpAffine(image, matrix, (48, 48), borderMode=cv2.BORDER_REPLICATE)
    places, shares = rotation(48, 48, degrees)
    turned = (image.ravel()[places] * shares).sum(axis=1).reshape(48, 48)
    assert shares.sum(axis=1) == pytest.approx(1.0)
    assert np.abs(turned - expected)[4:-4, 4:-4].max() < 0.05, "OpenCV rounds places to 1/32 pixel"


def test_served_model_gives_calibrated_probabilities_of_the_first_head():
    network = tiny_network(random_weights(TINY))
    batch = faces_batch(2)
    scaled = np.exp(answers(network, batch)[0] / 2.0)
    expected = scaled / scaled.sum(axis=1, keepdims=True)
    assert keras.ops.convert_to_numpy(served(network, temperature=2.0)(batch)) == pytest.approx(
        expected, abs=1e-5
    )


@pytest.mark.parametrize("looks", LOOKS.values(), ids=len)
def test_mean_of_a_map_is_the_logit_less_its_bias(looks: tuple[Look, ...]):
    weights = random_weights(TINY)
    network = tiny_network(weights)
    batch = faces_batch(3)
    maps = keras.ops.convert_to_numpy(activation_maps(network, looks)(batch))
    assert maps.shape == (3, 7, 12, 12)
    logits = answers(looking(network, looks), batch)[0]
    assert maps.mean(axis=(2, 3)) == pytest.approx(logits - weights["fer2013.bias"], abs=1e-4)


def test_maps_of_the_mirror_image_are_mirrored_when_both_ways_are_looked_at():
    network = tiny_network(random_weights(TINY))
    batch = faces_batch(2)
    look = activation_maps(network, BOTH_WAYS)
    maps, others = (keras.ops.convert_to_numpy(look(b)) for b in (batch, batch[:, :, ::-1].copy()))
    assert maps == pytest.approx(others[..., ::-1], abs=1e-4)
    assert np.abs(maps - maps[..., ::-1]).max() > 1e-2


class FakeFit:
    """Stands for PyTorch: leaves random weights as a finished run does, and remembers what it was given."""

    def __init__(self, *, seed: int = 0) -> None:
        self._seed = seed
        self.images: list[int] = []
        self.work_dirs: list[Path] = []

    def __call__(
        self,
        train: LabelledFaces,
        held_out: LabelledFaces,
        recipe: ResidualRecipe,
        *,
        seed: int,
        work_dir: Path,
        progress: Progress,
    ) -> None:
        work_dir.mkdir(parents=True, exist_ok=True)
        np.savez(work_dir / torch_fit.WEIGHTS_FILE, **random_weights(recipe, seed=self._seed))
        self.images.append(len(train))
        self.work_dirs.append(work_dir)
        progress(1.0)


def train_tiny(data: Path, folder: Path, fit: FakeFit | None = None, **changes: Any) -> Outcome:
    """Train with random weights; models, results and runs are written into `folder`."""
    folders = Folders(folder / "models", folder / "results", folder / "runs")
    (outcome,) = train(data, folders, recipe=TINY, fit=fit or FakeFit(), **changes)
    return outcome


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def published(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A first version with its maps and results."""
    folder = tmp_path_factory.mktemp("published")
    told: list[float] = []
    with untouched_publications():
        outcome = train_tiny(corpus, folder, progress=told.append)
    assert outcome.manifest is not None
    assert told == sorted(told)
    assert told[-1] == 1.0
    return folder


def test_a_run_is_exported_served_and_scored_when_nothing_is_served_yet(published: Path, corpus: Path):
    predictor = LiteRtPredictor(models_dir=published / "models")
    manifest = predictor.manifest(FACE_EMOTION)
    report = evaluate(corpus, partition="public", predictor=predictor)
    assert (manifest.version, report["n"]) == (1, 35)
    assert report["accuracy"] == pytest.approx(manifest.metrics[0].value)
    assert "note" not in report
    assert "training data" in evaluate(corpus, partition="train", predictor=predictor)["note"]
    assert [metric.name for metric in manifest.metrics[:2]] == ["accuracy", "uar"]
    assert all(metric.low is not None for metric in manifest.metrics[:2])
    card = (published / "models" / FACE_EMOTION / "1" / "CARD.md").read_text(encoding="utf-8")
    for statement in ("`candor train face`", "FER+ majority", "not for decisions about people"):
        assert statement in card


def test_rows_of_both_labels_are_written_when_a_version_is_published(published: Path):
    rows = read_results(published / "results" / "face" / "served.json").rows
    served = [row for row in rows if row.group == SERVED]
    manifest = load_manifest(published / "models", FACE_EMOTION)
    (calibrated,) = [row for row in served if "ece" in row.figures]
    assert calibrated.figures["accuracy"].value == pytest.approx(manifest.metrics[0].value, abs=1e-6)
    assert {row.protocol for row in served} == {PROTOCOL, VOTES_PROTOCOL}


def test_maps_of_the_served_version_are_exported_beside_it(published: Path):
    predictor = LiteRtPredictor(models_dir=published / "models")
    assert can_explain(predictor)
    batch = faces_batch(5)
    manifest = predictor.manifest(FACE_ACTIVATION)
    maps = predictor.predict(FACE_ACTIVATION, batch)
    assert maps.shape == (5, 7, 12, 12)
    logits = (maps.mean(axis=(2, 3)) + np.array(manifest.preprocessing["bias"])) / (
        manifest.preprocessing["temperature"]
    )
    assert softmax(logits) == pytest.approx(predictor.predict(FACE_EMOTION, batch), abs=1e-4)
    assert manifest.metrics[0].value < 1e-3
    card = published / "models" / FACE_ACTIVATION / "1" / "CARD.md"
    assert "face_emotion version 1" in card.read_text(encoding="utf-8")


def test_average_maps_are_written_for_every_label_that_was_named_rightly(published: Path):
    document = json.loads((published / "results/face_activation/by_emotion.json").read_text())
    assert document["model"] == {"name": FACE_EMOTION, "version": 1}
    labels = document["labels"]
    accuracy = load_manifest(published / "models", FACE_EMOTION).metrics[0].value
    assert labels
    assert sum(entry["images"] for entry in labels.values()) == round(35 * accuracy)
    for entry in labels.values():
        assert np.sum(entry["grid"]) == pytest.approx(1.0, abs=0.01)
        assert entry["regions"] is None
        assert entry["with_landmarks"] == 0
    image = cv2.imread(str(published / "results/face_activation/face_activation.png"))
    assert image.shape[1] > 200 * len(labels)


def test_nothing_is_published_when_the_served_model_is_as_good(published: Path, corpus: Path, tmp_path: Path):
    folder = shutil.copytree(published, tmp_path / "again")
    before = (folder / "results" / "face" / "served.json").read_bytes()
    with untouched_publications():
        outcome = train_tiny(corpus, folder)
    assert outcome.manifest is None
    assert outcome.comparison.difference == Figure(value=0.0, low=0.0, high=0.0)
    assert "not better, not published" in outcome.text
    for name in (FACE_EMOTION, FACE_ACTIVATION):
        assert [path.name for path in (folder / "models" / name).iterdir()] == ["1"]
    assert (folder / "results" / "face" / "served.json").read_bytes() == before


def test_a_worse_run_is_published_when_that_is_asked_for(published: Path, corpus: Path, tmp_path: Path):
    folder = shutil.copytree(published, tmp_path / "again")
    folders = Folders(folder / "models", None, folder / "runs")
    (outcome,) = train(corpus, folders, recipe=TINY, fit=FakeFit(), publish_anyway=True)
    assert outcome.manifest is not None
    assert outcome.manifest.version == 2
    assert "though it is not better" in outcome.text
    assert can_explain(LiteRtPredictor(models_dir=folder / "models"))
    document = json.loads((folder / "results/face_activation/by_emotion.json").read_text())
    assert document["model"]["version"] == 1, "no folder for results was given"


def test_a_run_has_a_folder_of_its_own_when_it_is_short(corpus: Path, published: Path, tmp_path: Path):
    folder = shutil.copytree(published, tmp_path / "short")
    fit = FakeFit()
    for limit in (None, 28, 28):
        train_tiny(corpus, folder, fit, limit=limit, epochs=1)
    assert fit.images == [126, 28, 28]
    assert fit.work_dirs[0] != fit.work_dirs[1] == fit.work_dirs[2]


@pytest.mark.parametrize(
    ("epochs", "phases"),
    [(1, [(1, 48)]), (3, [(1, 32), (1, 40), (1, 48)]), (10, [(4, 32), (3, 40), (3, 48)])],
)
def test_phases_keep_their_proportions_when_a_recipe_is_shortened(epochs: int, phases: list[tuple[int, int]]):
    short = ResidualRecipe().shortened(epochs)
    assert (list(short.phases), short.epochs) == (phases, epochs)
    assert ResidualRecipe().shortened(48) == ResidualRecipe()


def test_every_number_of_epochs_is_kept_when_a_recipe_is_shortened():
    assert [ResidualRecipe().shortened(epochs).epochs for epochs in range(1, 60)] == list(range(1, 60))


@pytest.mark.parametrize(("images", "drawn"), [(LEAST_FACES - 1, False), (LEAST_FACES, True)])
def test_average_face_is_drawn_when_it_is_of_many_only(images: int, drawn: bool):
    face = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    shares = np.full((6, 6), 1 / 36, np.float32)
    regions = np.full(8, 1 / 8, np.float32)
    shown = picture([AverageMap(Emotion.FEAR, images, shares, face, images, regions)])
    inside = shown[GAP_PX : GAP_PX + TILE_PX, GAP_PX : GAP_PX + TILE_PX]
    assert bool(inside.std() > 5) is drawn


def test_maps_of_another_network_are_refused():
    network, other = tiny_network(random_weights(TINY)), tiny_network(random_weights(TINY, seed=1))
    weights = random_weights(TINY)
    maps = activation_maps(network, (Look(),))
    bias = weights["fer2013.bias"]
    assert logit_difference(maps, network, faces_batch(3), bias=bias) < LARGEST_DIFFERENCE
    assert logit_difference(maps, other, faces_batch(3), bias=bias) > LARGEST_DIFFERENCE


if find_spec("torch"):  # what trains the network, and is no dependency of ours

    def test_pytorch_and_keras_answer_alike_and_training_goes_on_where_it_stopped(tmp_path: Path):
        import torch

        from services.video.training.torch_network import forward

        part, held_out = stripes(70), stripes(14, seed=1)
        first = ResidualRecipe(phases=(Phase(1, 32),), stem=4, widths=(6, 8), batch_size=14)

        def run(recipe: ResidualRecipe, name: str) -> list[torch_fit.EpochLog]:
            return torch_fit.fit(part, held_out, recipe, seed=0, work_dir=tmp_path / name, bfloat16=False)

        assert [row.number for row in run(first, "a")] == [1]
        assert [row.number for row in run(TINY, "a")] == [1, 2]
        assert [row.number for row in run(TINY, "a")] == [1, 2]
        network = load_run(tmp_path / "a", TINY)
        training = torch_fit.Training(TINY, seed=0, bfloat16=False)
        training.load(tmp_path / "a")
        batch = faces_batch(4)
        with torch.no_grad():
            logits = forward(training.averaged, torch.from_numpy(batch).permute(0, 3, 1, 2), TINY)
        for ours, theirs in zip(answers(network, batch), logits, strict=True):
            assert ours == pytest.approx(theirs.numpy(), abs=1e-5)

    def test_training_in_one_go_and_with_a_stop_give_the_same_weights(tmp_path: Path):
        part, held_out = stripes(70), stripes(14, seed=1)
        whole = torch_fit.Training(TINY, seed=0, bfloat16=False)
        losses = []
        for number in range(2):
            losses.append(whole.run_epoch(part))
            whole.history.append(torch_fit.EpochLog(number + 1, TINY.size_px(number), losses[-1], 0, 0, 0))
            if number == 0:
                whole.save(tmp_path)
        resumed = torch_fit.Training(TINY, seed=0, bfloat16=False)
        resumed.load(tmp_path)
        assert resumed.run_epoch(part) == pytest.approx(losses[1], rel=1e-4)
        assert resumed.logits(held_out) == pytest.approx(whole.logits(held_out), abs=1e-3)


@pytest.mark.corpora
def test_ferplus_majorities_cover_most_of_public(corpora: Path):
    faces = load_labelled(corpora, "public")
    clear = majorities(faces.votes) != NO_MAJORITY
    assert 0.80 < clear.mean() < 0.99
    assert np.bincount(majorities(faces.votes)[clear], minlength=8).argmax() == FERPLUS_LABELS.index(
        "neutral"
    )
