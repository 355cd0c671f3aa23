"""All measures of a sound besides its emotions, in one pass."""

from dataclasses import dataclass

from services.audio.features import FloatArray
from services.audio.loudness import LoudnessMeter, SignalToNoise
from services.audio.prosody import ProsodyMeter
from services.common.contracts.voice import Prosody


@dataclass(frozen=True, slots=True)
class SoundMeasures:
    """The measures of a whole recording. None if there was too little sound."""

    loudness_lufs: float | None
    signal_to_noise_db: float | None
    prosody: Prosody


class SoundMeters:
    """The meters of one recording; each gets every piece of its sound."""

    def __init__(self) -> None:
        self._loudness = LoudnessMeter()
        self._noise = SignalToNoise()
        self._prosody = ProsodyMeter()

    def listen(self, piece: FloatArray, speech: bool) -> None:
        """Measure the next samples, shape `(n,)`, which are speech or not."""
        self._loudness.add(piece)
        self._noise.add(piece, speech=speech)
        self._prosody.add(piece, speech=speech)

    def finish(self) -> SoundMeasures:
        """Return the measures. Call it once, when the sound has ended."""
        loudness, noise = self._loudness.finish(), self._noise.finish()
        return SoundMeasures(
            loudness_lufs=None if loudness is None else round(loudness, 1),
            signal_to_noise_db=None if noise is None else round(noise, 1),
            prosody=self._prosody.finish(),
        )
