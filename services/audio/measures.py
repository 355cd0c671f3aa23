"""Everything that is measured on the sound besides emotions, in one pass."""

from dataclasses import dataclass

from services.audio.features import FloatArray
from services.audio.loudness import LoudnessMeter, SignalToNoise
from services.audio.prosody import ProsodyMeter
from services.common.contracts.voice import Prosody


@dataclass(frozen=True, slots=True)
class SoundMeasures:
    """What the meters say at the end. None where there was too little sound to say."""

    loudness_lufs: float | None
    signal_to_noise_db: float | None
    prosody: Prosody


class SoundMeters:
    """Hands every piece of sound to the meters."""

    def __init__(self) -> None:
        self._loudness = LoudnessMeter()
        self._noise = SignalToNoise()
        self._prosody = ProsodyMeter()

    def listen(self, piece: FloatArray, speech: bool) -> None:
        """Take the next samples, shape `(n,)`, and whether they are speech."""
        self._loudness.add(piece)
        self._noise.add(piece, speech=speech)
        self._prosody.add(piece, speech=speech)

    def finish(self) -> SoundMeasures:
        """Ask once, when the sound has ended."""
        loudness, noise = self._loudness.finish(), self._noise.finish()
        return SoundMeasures(
            loudness_lufs=None if loudness is None else round(loudness, 1),
            signal_to_noise_db=None if noise is None else round(noise, 1),
            prosody=self._prosody.finish(),
        )
