import numpy as np
import pytest

from services.audio.decode import SoundSource
from services.common.contracts.results import ErrorCode
from services.common.errors import InputError, TemporaryError
from tests.media_audio import (
    CODECS,
    make_audio_file,
    make_audio_float_wav,
    make_audio_many_channels,
    make_audio_tone,
    make_audio_truncated,
    make_audio_video_without_sound,
)


def decode(path, *, max_duration_s: float = 60.0) -> tuple[np.ndarray, SoundSource]:
    with SoundSource(path, max_duration_s=max_duration_s) as source:
        return np.concatenate(list(source.blocks())), source


def code_of(path, **limits) -> ErrorCode:
    with pytest.raises(InputError) as caught:
        decode(path, **limits)
    assert caught.value.reason.endswith(".")
    return caught.value.code


@pytest.mark.parametrize("suffix", sorted(CODECS))
def test_sound_comes_out_as_16_khz_mono_when_the_container_is(suffix, tmp_path):
    tone = make_audio_tone(2.0, rate_hz=48_000)
    path = make_audio_file(tmp_path / f"tone{suffix}", tone, rate_hz=48_000, channels=2)
    samples, source = decode(path)
    assert source.sample_rate_hz == 48_000
    assert samples.dtype == np.float32
    assert samples.size / 16_000 == pytest.approx(2.0, abs=0.1)
    assert not source.truncated
    spectrum = np.abs(np.fft.rfft(samples[8_000:24_000]))
    assert spectrum.argmax() == pytest.approx(440, abs=2)
    assert samples[8_000:24_000].std() == pytest.approx(0.5 / np.sqrt(2), rel=0.1)


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".mkv", ".mov"])
def test_pictures_are_passed_over_when_the_file_is_a_video(suffix, tmp_path):
    path = make_audio_file(
        tmp_path / f"film{suffix}", make_audio_tone(1.0, rate_hz=48_000), rate_hz=48_000, with_video=True
    )
    assert decode(path)[0].size == pytest.approx(16_000, abs=1_000)


def test_the_code_is_no_audio_stream_when_a_video_has_no_sound(tmp_path):
    assert code_of(make_audio_video_without_sound(tmp_path / "mute.mp4")) is ErrorCode.NO_AUDIO_STREAM


def test_the_code_is_media_empty_when_the_file_has_no_bytes(tmp_path):
    path = tmp_path / "empty.mp4"
    path.touch()
    assert code_of(path) is ErrorCode.MEDIA_EMPTY


def test_the_code_is_media_missing_when_there_is_no_file(tmp_path):
    assert code_of(tmp_path / "gone.wav") is ErrorCode.MEDIA_MISSING


def test_the_fault_is_temporary_when_the_storage_does_not_give_the_file(tmp_path):
    with pytest.raises(TemporaryError) as caught:
        SoundSource(tmp_path, max_duration_s=1.0)
    assert caught.value.code is ErrorCode.STORAGE_UNAVAILABLE


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7 lies about its name" * 50,
        bytes(range(256)) * 40,
        b"RIFF\xff\xff\xff\xffWAVEfmt ",
        b"#EXTM3U\n#EXTINF:5,\n/etc/passwd\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile tone.wav\n",
    ],
    ids=["pdf", "bytes", "header", "playlist", "concat"],
)
def test_the_code_is_media_corrupt_when_the_content_is_no_media(content, tmp_path):
    make_audio_file(tmp_path / "tone.wav")
    path = tmp_path / "liar.mp4"
    path.write_bytes(content)
    assert code_of(path) is ErrorCode.MEDIA_CORRUPT


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".webm", ".mkv"])
def test_what_is_there_is_decoded_when_the_file_breaks_off(suffix, tmp_path):
    whole = make_audio_file(tmp_path / f"whole{suffix}", make_audio_tone(8.0, rate_hz=48_000), rate_hz=48_000)
    samples, source = decode(make_audio_truncated(whole, tmp_path / f"part{suffix}"))
    assert 2.0 < samples.size / 16_000 < 7.0
    assert source.truncated


def test_the_code_is_media_corrupt_when_an_mp4_lost_its_index(tmp_path):
    whole = make_audio_file(tmp_path / "whole.mp4", make_audio_tone(4.0))
    assert code_of(make_audio_truncated(whole, tmp_path / "part.mp4")) is ErrorCode.MEDIA_CORRUPT


def test_nothing_is_decoded_when_the_container_says_it_is_too_long(tmp_path):
    path = make_audio_file(tmp_path / "long.wav", make_audio_tone(3.0))
    with pytest.raises(InputError) as caught:
        SoundSource(path, max_duration_s=2.0)
    assert caught.value.code is ErrorCode.MEDIA_TOO_LONG


def test_decoding_stops_when_the_limit_is_passed_and_no_duration_was_told(tmp_path):
    path = make_audio_file(tmp_path / "long.mp3", make_audio_tone(30.0))
    with SoundSource(path, max_duration_s=2.0) as source:
        assert source.duration_s is None
        with pytest.raises(InputError) as caught:
            list(source.blocks())
        assert caught.value.code is ErrorCode.MEDIA_TOO_LONG
        assert source.decoded_s < 3.0


@pytest.mark.parametrize("rate_hz", [1, 2_000_000])
def test_a_sample_rate_is_refused_when_resampling_it_would_explode(rate_hz, tmp_path):
    path = make_audio_float_wav(tmp_path / "bomb.wav", np.zeros(4_000, np.float32), rate_hz=rate_hz)
    assert code_of(path) is ErrorCode.MEDIA_UNSUPPORTED


def test_samples_stay_finite_when_a_float_file_holds_nan_and_infinity(tmp_path):
    wild = np.array([np.nan, np.inf, -np.inf, 1e30] * 4_000, np.float32)
    samples, _ = decode(make_audio_float_wav(tmp_path / "wild.wav", wild))
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.0


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".mp4", ".webm", ".ogg", ".mkv"])
def test_only_errors_of_the_input_are_raised_when_bytes_are_damaged(suffix, tmp_path):
    content = make_audio_file(tmp_path / f"sound{suffix}", make_audio_tone(1.0)).read_bytes()
    generator = np.random.default_rng(7)
    path = tmp_path / f"damaged{suffix}"
    outcomes = []
    for _ in range(25):
        damaged = np.frombuffer(content, np.uint8).copy()
        where = generator.integers(len(damaged), size=max(1, len(damaged) // 200))
        damaged[where] = generator.integers(256, size=len(where))
        path.write_bytes(damaged[: generator.integers(1, len(damaged) + 1)].tobytes())
        try:
            outcomes.append(bool(np.isfinite(decode(path)[0]).all()))
        except InputError:
            outcomes.append(True)
    assert all(outcomes)


@pytest.mark.parametrize("channels", [8, 9, 12, 16, 24])
def test_sound_is_mixed_down_when_a_wav_has_many_channels(channels, tmp_path):
    path = make_audio_many_channels(tmp_path / "many.wav", channels=channels)
    samples, _ = decode(path)
    assert samples.size == pytest.approx(16_000, abs=100)
    assert samples[2_000:14_000].std() == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("suffix", [".flac", ".m4a", ".mkv", ".ogg"])
def test_sound_is_mixed_down_when_it_is_surround(suffix, tmp_path):
    tone = make_audio_tone(1.0, rate_hz=48_000)
    path = make_audio_file(tmp_path / f"surround{suffix}", tone, rate_hz=48_000, channels=8)
    samples, _ = decode(path)
    assert samples.size == pytest.approx(16_000, abs=1_500)
    # a codec may leave the tone out of the channel for low frequencies: seven eighths remain
    assert samples[2_000:14_000].std() == pytest.approx(0.5 / np.sqrt(2), rel=0.15)


def test_nothing_is_missing_when_a_wav_counts_its_own_header_too(tmp_path):
    path = make_audio_file(tmp_path / "tone.wav", make_audio_tone(1.0, rate_hz=16_000))
    content = bytearray(path.read_bytes())
    content[4:8] = len(content).to_bytes(4, "little")
    path.write_bytes(bytes(content))
    assert not decode(path)[1].truncated
