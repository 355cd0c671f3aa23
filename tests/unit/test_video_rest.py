import numpy as np
import pytest

from services.common.contracts.labels import EMOTIONS, Emotion
from services.video.rest import LEAST_SAMPLES, NEUTRAL_LOG_ODDS, emotions_from_rest


def samples(count: int, *, noise: float = 0.5, seed: int = 0, **shares: float) -> np.ndarray:
    """Probabilities about `shares` (the rest gets little), with noise on the logits. Shape `(count, 7)`."""
    logits = np.log([shares.get(str(emotion), 0.01) for emotion in EMOTIONS])
    noisy = np.exp(logits + np.random.default_rng(seed).normal(0, noise, (count, len(EMOTIONS))))
    return (noisy / noisy.sum(axis=1, keepdims=True)).astype(np.float32)


def label(scores: np.ndarray) -> Emotion:
    found = emotions_from_rest(scores)
    assert found is not None
    assert found.sum() == pytest.approx(1.0, abs=1e-5)
    return EMOTIONS[int(found.argmax())]


def share(scores: np.ndarray, emotion: Emotion) -> float:
    found = emotions_from_rest(scores)
    assert found is not None
    return float(found[EMOTIONS.index(emotion)])


@pytest.mark.parametrize("emotion", ["sad", "angry", "fear", "surprise", "disgust"])
def test_a_resting_face_is_neutral_when_the_network_calls_it_something_else(emotion: str):
    scores = samples(200, **{emotion: 0.8, "neutral": 0.15})
    assert EMOTIONS[int(scores.mean(axis=0).argmax())] == emotion
    assert label(scores) is Emotion.NEUTRAL


def test_a_smile_stays_happy_when_the_resting_face_looks_sad():
    rest, smile = samples(60, sad=0.8, neutral=0.15), samples(140, seed=1, happy=0.9, neutral=0.08)
    scores = np.concatenate([rest, smile])
    assert share(scores, Emotion.HAPPY) > 0.6
    assert share(scores, Emotion.SAD) < 0.5 * scores[:, EMOTIONS.index(Emotion.SAD)].mean()


def test_a_smile_is_kept_when_it_never_ends():
    scores = samples(200, happy=0.9, neutral=0.08)
    assert share(scores, Emotion.HAPPY) == pytest.approx(float(scores[:, 3].mean()), abs=0.03)


def test_anger_over_a_calm_face_stays_angry():
    calm, angry = samples(90, neutral=0.85, sad=0.1), samples(110, seed=1, angry=0.85, neutral=0.1)
    assert share(np.concatenate([calm, angry]), Emotion.ANGRY) > 0.4


def test_a_neutral_face_is_left_alone():
    shares = {str(emotion): float(np.exp(odds)) for emotion, odds in NEUTRAL_LOG_ODDS.items()}
    scores = samples(300, noise=0.1, **shares, neutral=1.0, happy=0.07)
    found = emotions_from_rest(scores)
    assert found == pytest.approx(scores.mean(axis=0), abs=0.03)


def test_nothing_is_said_when_there_are_few_samples():
    assert emotions_from_rest(samples(LEAST_SAMPLES - 1, neutral=0.9)) is None
    assert emotions_from_rest(np.zeros((0, 7), np.float32)) is None


def test_nothing_breaks_when_a_probability_is_zero():
    scores = np.zeros((LEAST_SAMPLES, 7), np.float32)
    scores[:, EMOTIONS.index(Emotion.SAD)] = 1.0
    found = emotions_from_rest(scores)
    assert found is not None
    assert np.isfinite(found).all()
