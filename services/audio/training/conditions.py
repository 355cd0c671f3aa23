"""What happens to a voice on its way to us: noise, telephone, codec, room, another speed.

Named conditions for the robustness table, and random mixtures of them for training.
"""

import io
from collections.abc import Callable

import av
import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal import butter, fftconvolve, resample_poly, sosfiltfilt

from services.audio.features import SAMPLE_RATE_HZ, FloatArray

SPEED_RANGE = (0.9, 1.1)
SNR_RANGE_DB = (5.0, 30.0)
REVERBERATION_RANGE_S = (0.15, 0.6)
TELEPHONE_BAND_HZ = (300.0, 3_400.0)
OPUS_BITS_PER_S = 16_000
LOUD_SHARE = 0.5
SECOND_VOICE = "second_voice_5_db"
"""Named like the other conditions; who talks over is drawn from the corpus."""
SECOND_VOICE_DB = 5.0
_MU = 255.0

Generator = np.random.Generator
Condition = Callable[[FloatArray, Generator], FloatArray]


def noisy(sound: FloatArray, generator: Generator, *, snr_db: float, slope: float = 0.0) -> FloatArray:
    """Add noise whose amplitude falls as frequency to the power `-slope` (0 white, 0.5 pink, 1 brown).

    The signal-to-noise ratio counts the louder half of the 20 ms frames as speech.
    """
    noise = _coloured(sound.size, slope=slope, generator=generator)
    level = np.sqrt(speech_power(sound)) * 10.0 ** (-snr_db / 20.0)
    return _as_sound(sound + level * noise)


def _as_sound(values: NDArray[np.float64]) -> FloatArray:
    return values.astype(np.float32)


def speech_power(sound: FloatArray) -> float:
    """Return the mean power of the louder half of 20 ms frames."""
    length = SAMPLE_RATE_HZ // 50
    whole = sound[: sound.size // length * length].reshape(-1, length)
    if whole.size == 0:
        return float(np.mean(sound**2))
    power = np.sort((whole.astype(np.float64) ** 2).mean(axis=1))
    return float(power[int(len(power) * (1.0 - LOUD_SHARE)) :].mean())


def _coloured(length: int, *, slope: float, generator: Generator) -> NDArray[np.float64]:
    """Make noise of unit power."""
    size = next_fast_len(length, real=True)
    spectrum = rfft(generator.standard_normal(size))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1.0) ** slope
    noise: NDArray[np.float64] = irfft(spectrum, size)[:length]
    return noise / max(float(np.sqrt(np.mean(noise**2))), 1e-12)


def telephone(sound: FloatArray, generator: Generator) -> FloatArray:
    """Filter as a telephone does: 300 to 3,400 Hz, 8 kHz, 8 bits of µ-law (ITU-T G.711)."""
    del generator
    band = butter(4, TELEPHONE_BAND_HZ, btype="bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    narrow = resample_poly(sosfiltfilt(band, sound), 1, 2)
    peak = max(float(np.abs(narrow).max()), 1e-9)
    scaled = narrow / peak
    compressed = np.sign(scaled) * np.log1p(_MU * np.abs(scaled)) / np.log1p(_MU)
    quantised = np.round(compressed * 127.0) / 127.0
    expanded = np.sign(quantised) * np.expm1(np.abs(quantised) * np.log1p(_MU)) / _MU
    return _as_sound(peak * resample_poly(expanded, 2, 1)[: sound.size])


def opus(sound: FloatArray, generator: Generator) -> FloatArray:
    """Encode and decode with the codec of browsers at 16 kbit/s."""
    del generator
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        stream.bit_rate = OPUS_BITS_PER_S
        frame = av.AudioFrame.from_ndarray(sound[np.newaxis], format="flt", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        resampler = av.AudioResampler("flt", "mono", 48_000)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    file.seek(0)
    back = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ)
    with av.open(file, "r") as container:
        blocks = [out.to_ndarray()[0] for frame in container.decode(audio=0) for out in back.resample(frame)]
    return np.concatenate(blocks).astype(np.float32)


def reverberant(sound: FloatArray, generator: Generator, *, decay_s: float) -> FloatArray:
    """Add a room: noise that falls by 60 dB in `decay_s` (Polack 1988), direct sound first."""
    time_s = np.arange(int(decay_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = generator.standard_normal(time_s.size) * 10.0 ** (-3.0 * time_s / decay_s)
    tail *= 0.5 / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return _as_sound(fftconvolve(sound, tail)[: sound.size])


def faster(sound: FloatArray, *, speed: float) -> FloatArray:
    """Play at another speed: tempo, pitch and formants move together."""
    at = np.arange(0.0, sound.size - 1, speed)
    return _as_sound(np.interp(at, np.arange(sound.size), sound))


def talked_over(sound: FloatArray, *, other: FloatArray) -> FloatArray:
    """Mix in another voice, `SECOND_VOICE_DB` below the first; a shorter one is repeated."""
    level = np.sqrt(speech_power(sound) / max(speech_power(other), 1e-12)) * 10.0 ** (-SECOND_VOICE_DB / 20.0)
    return _as_sound(sound + level * np.resize(other, sound.size))


def excerpt(sound: FloatArray, *, length_s: float) -> FloatArray:
    """Cut out that many seconds around the middle of the loudest half second."""
    length = int(length_s * SAMPLE_RATE_HZ)
    power = np.convolve(sound.astype(np.float64) ** 2, np.ones(SAMPLE_RATE_HZ // 2), mode="same")
    start = int(np.clip(int(power.argmax()) - length // 2, 0, max(0, sound.size - length)))
    return sound[start : start + length]


CONDITIONS: dict[str, Condition] = {
    "clean": lambda sound, _: sound,
    "noise_20_db": lambda sound, generator: noisy(sound, generator, snr_db=20.0),
    "noise_10_db": lambda sound, generator: noisy(sound, generator, snr_db=10.0),
    "noise_0_db": lambda sound, generator: noisy(sound, generator, snr_db=0.0),
    "telephone": telephone,
    "opus_16_kbit": opus,
    "excerpt_0.5_s": lambda sound, _: excerpt(sound, length_s=0.5),
    "excerpt_1_s": lambda sound, _: excerpt(sound, length_s=1.0),
}


def augmented(sound: FloatArray, generator: Generator) -> FloatArray:
    """Mix random conditions for training: speed, room, noise, and one of telephone, codec or neither."""
    sound = faster(sound, speed=generator.uniform(*SPEED_RANGE))
    if generator.random() < 0.3:
        sound = reverberant(sound, generator, decay_s=generator.uniform(*REVERBERATION_RANGE_S))
    if generator.random() < 0.6:
        snr_db, slope = generator.uniform(*SNR_RANGE_DB), generator.uniform(0.0, 1.0)
        sound = noisy(sound, generator, snr_db=snr_db, slope=slope)
    channel = generator.random()
    if channel < 0.15:
        return telephone(sound, generator)
    return opus(sound, generator) if channel < 0.3 else sound
