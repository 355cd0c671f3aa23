"""Stages timed from outside: functions of the pipelines are wrapped while a run lasts, then put back."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.timing import processor_seconds
from services.common.serving.predictor import Predictor
from services.common.serving.registry import TEXT_ENCODER, VOICE_ENCODER, Manifest


class StageClock:
    """Processor seconds by stage. Stages must not lie within each other."""

    def __init__(self, *stages: str) -> None:
        self.seconds = dict.fromkeys(stages, 0.0)

    def take(self) -> dict[str, float]:
        """Return the seconds since the last call."""
        taken = self.seconds
        self.seconds = dict.fromkeys(taken, 0.0)
        return taken

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function`, with its seconds counted for `stage`."""

        def call(*args: Any, **kwargs: Any) -> Any:
            began = processor_seconds()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds[stage] += processor_seconds() - began

        return call

    def timed_generator(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a generator function, with the seconds of every step counted, and none of its caller's."""

        def steps(*args: Any, **kwargs: Any) -> Iterator[Any]:
            advance = self.timed(stage, function(*args, **kwargs).__next__)
            while True:
                try:
                    item = advance()
                except StopIteration:
                    return
                yield item

        return steps


@contextmanager
def replaced(
    owner: Any, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> Iterator[None]:
    """Let `owner.name` (of a class or a module) be `make(owner.name)` for a while."""
    original = vars(owner)[name]
    setattr(owner, name, make(original))
    try:
        yield
    finally:
        setattr(owner, name, original)


class TimedPredictor:
    """A `Predictor` whose predictions count as one stage, but for models that have one of their own."""

    def __init__(self, inner: Predictor, clock: StageClock) -> None:
        self._inner = inner
        self._predict = clock.timed(NETWORK, inner.predict)
        self._own = {
            model: clock.timed(stage, inner.predict)
            for model, stage in OWN_STAGE.items()
            if stage in clock.seconds
        }

    def manifest(self, model: str) -> Manifest:
        return self._inner.manifest(model)

    def asset(self, model: str, name: str) -> bytes:
        return self._inner.asset(model, name)

    def predict(self, model: str, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        predicted: NDArray[np.float32] = self._own.get(model, self._predict)(model, batch)
        return predicted


DECODE_VIDEO, DETECTION, LANDMARKS, IRISES = "decode, scale", "detection", "landmarks", "irises"
DECODE_SOUND, VAD, LOG_MEL = "decode, resample", "voice activity", "log-mel"
ENCODER, LEVELS, PROSODY = "encoder", "loudness, noise", "prosody"
READING, LANGUAGE, WORDING = "reading", "language", "wording"
ROWS, EXPLAIN = "features", "explanation"
NETWORK = "network"
WRITING = "transcriber"
OWN_STAGE = {VOICE_ENCODER: ENCODER, TEXT_ENCODER: ENCODER}


@contextmanager
def video_stages() -> Iterator[StageClock]:
    """Count the stages of the video pipeline; the network's through a `TimedPredictor`."""
    from services.video.decode import VideoSource
    from services.video.face_detection import FaceDetector
    from services.video.gaze import IrisFinder
    from services.video.landmarks import FaceMesher

    clock = StageClock(DECODE_VIDEO, DETECTION, LANDMARKS, IRISES, NETWORK)
    with ExitStack() as stack:
        stack.enter_context(_opening_and_steps(clock, DECODE_VIDEO, VideoSource, "frames"))
        stack.enter_context(replaced(FaceDetector, "detect", lambda f: clock.timed(DETECTION, f)))
        stack.enter_context(replaced(FaceMesher, "locate", lambda f: clock.timed(LANDMARKS, f)))
        stack.enter_context(replaced(IrisFinder, "look", lambda f: clock.timed(IRISES, f)))
        yield clock


@contextmanager
def voice_stages() -> Iterator[StageClock]:
    """Count the stages of the voice pipeline; the network's through a `TimedPredictor`."""
    from services.audio import embedding, salience
    from services.audio.decode import SoundSource
    from services.audio.loudness import LoudnessMeter, SignalToNoise
    from services.audio.prosody import ProsodyMeter
    from services.audio.vad import SpeechProbability

    clock = StageClock(DECODE_SOUND, VAD, LEVELS, PROSODY, LOG_MEL, ENCODER, NETWORK)
    with ExitStack() as stack:
        stack.enter_context(_opening_and_steps(clock, DECODE_SOUND, SoundSource, "blocks"))
        stack.enter_context(replaced(SpeechProbability, "__call__", lambda f: clock.timed(VAD, f)))
        for module in (embedding, salience):
            stack.enter_context(replaced(module, "log_mel", lambda f: clock.timed(LOG_MEL, f)))
        for meter, stage in ((LoudnessMeter, LEVELS), (SignalToNoise, LEVELS), (ProsodyMeter, PROSODY)):
            for name in ("add", "finish"):
                stack.enter_context(replaced(meter, name, partial(clock.timed, stage)))
        yield clock


@contextmanager
def speech_stages() -> Iterator[StageClock]:
    """Count the stages of writing speech down."""
    from services.audio.decode import SoundSource
    from services.audio.transcription import WhisperTranscriber
    from services.audio.vad import SpeechProbability

    clock = StageClock(DECODE_SOUND, VAD, WRITING)
    with ExitStack() as stack:
        stack.enter_context(_opening_and_steps(clock, DECODE_SOUND, SoundSource, "blocks"))
        stack.enter_context(replaced(SpeechProbability, "__call__", lambda f: clock.timed(VAD, f)))
        stack.enter_context(replaced(WhisperTranscriber, "hear", lambda f: clock.timed(WRITING, f)))
        yield clock


@contextmanager
def text_stages() -> Iterator[StageClock]:
    """Count the stages of the text pipeline; the network's through a `TimedPredictor`."""
    from services.text import pipeline
    from services.text.trait_model import TraitModel

    clock = StageClock(READING, LANGUAGE, WORDING, ROWS, ENCODER, NETWORK, EXPLAIN)
    own = {
        "read_document": READING,
        "detect_language": LANGUAGE,
        "measure": WORDING,
        "trait_weights": EXPLAIN,
        "impression_weights": EXPLAIN,
    }
    with ExitStack() as stack:
        stack.enter_context(replaced(TraitModel, "rows", lambda f: clock.timed(ROWS, f)))
        for name, stage in own.items():
            stack.enter_context(replaced(pipeline, name, partial(clock.timed, stage)))
        yield clock


@contextmanager
def _opening_and_steps(clock: StageClock, stage: str, source: type, steps: str) -> Iterator[None]:
    """Count opening a file and reading it as one stage."""
    with (
        replaced(source, "__init__", lambda f: clock.timed(stage, f)),
        replaced(source, steps, lambda f: clock.timed_generator(stage, f)),
    ):
        yield
