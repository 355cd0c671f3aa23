"""The words of a recording: streaming decode → voice activity → utterances → transcriber → guards."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.audio.decode import SoundSource, report_blocks
from services.audio.features import SAMPLE_RATE_HZ
from services.audio.fluency import measure_fluency
from services.audio.settings import AudioSettings
from services.audio.transcript_lines import find_line_starts
from services.audio.transcription import (
    MAX_COMPRESSION,
    HeardSegment,
    HeardUtterance,
    Transcriber,
    Unavailable,
)
from services.audio.utterances import Utterance, find_utterances
from services.audio.vad import SpeechProbability, build_hysteresis
from services.common.contracts.results import ErrorCode
from services.common.contracts.tasks import Transcription
from services.common.contracts.text import Omission, OmissionReason, SpokenWord, Transcript
from services.common.errors import InputError
from services.common.media.files import MediaFile, Progress, ignore_progress

MIN_LOG_PROBABILITY = -1.0
MAX_NO_SPEECH = 0.6
"""Radford et al. 2022, section 4.5: text below the first is a guess; if it is above the second too, a guess
about silence."""
MIN_ENGLISH_PROBABILITY = 0.58
"""If the mean probability of the words is lower, a model of English alone did not hear English; measured, see
decision 0009."""
MIN_WORDS_PER_S = 1.0
"""With fewer words a second of speech, pauses not counted, most of what was said was not understood."""
MIN_WORDS_TO_JUDGE = 5
MIN_LANGUAGE_PROBABILITY = 0.5
"""A language detected with at least this probability is taken for the rest of the recording."""


def transcribe(
    media: MediaFile,
    *,
    transcriber: Transcriber | Unavailable,
    settings: AudioSettings,
    progress: Progress = ignore_progress,
) -> Transcription:
    """Transcribe a recording, with times on the clock of the media, or return why there are no words.

    Memory does not grow with the length of the recording, except for the words themselves.

    Args:
        media: an audio or video file in any container that FFmpeg reads.
        transcriber: from `open_transcriber`.
        settings: limits and the rules of voice activity.
        progress: called with the share of the media that was read.

    Returns:
        Words, or `transcription_unavailable`, `unsupported_language`, `no_speech` or any other fault of the
        media that the voice analysis has too.

    Raises:
        TemporaryError: the file is out of reach.
    """
    if isinstance(transcriber, Unavailable):
        return _make_failure(ErrorCode.TRANSCRIPTION_UNAVAILABLE, transcriber.reason)
    try:
        with SoundSource(media.path, max_duration_s=settings.max_duration_s) as source:
            found = find_utterances(
                report_blocks(source, progress),
                rule=build_hysteresis(settings),
                probability=SpeechProbability(),
            )
            builder = _transcribe_utterances(found, transcriber, offset_s=source.offset_s)
            transcript = builder.finish(transcriber, duration_s=source.decoded_s)
    except InputError as fault:
        return _make_failure(fault.code, fault.reason)
    progress(1.0)
    return Transcription(transcript=transcript)


def _make_failure(code: ErrorCode, reason: str) -> Transcription:
    return Transcription(error_code=code, reason=reason)


@dataclass(slots=True)
class TranscriptBuilder:
    """Collects what was heard, utterance by utterance.

    Attributes:
        words: of the segments that passed the guards.
        omitted: the segments that did not.
        heard_probabilities: sum over all words, of omitted segments too, and their number in `heard_words`.
        speech_s: by voice activity.
        languages: seconds of speech and probability by language, if the transcriber detects languages.
    """

    words: list[SpokenWord] = field(default_factory=list)
    omitted: list[Omission] = field(default_factory=list)
    heard_probabilities: float = 0.0
    heard_words: int = 0
    speech_s: float = 0.0
    languages: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def add(self, heard: HeardUtterance, *, start_s: float, speech_s: float) -> None:
        """Add what was heard in an utterance that starts at `start_s` on the clock of the media."""
        self.speech_s += speech_s
        if heard.language is not None:
            told = (speech_s, heard.language_probability or 0.0)
            self.languages.setdefault(heard.language, []).append(told)
        for segment in heard.segments:
            self.heard_words += len(segment.words)
            self.heard_probabilities += sum(word.probability for word in segment.words)
            words = _place_words(segment, start_s)
            reason = find_omission_reason(segment)
            if reason is None:
                self.words += words
            else:
                start, end = words[0].start_s, words[-1].end_s
                self.omitted.append(Omission(start_s=start, end_s=end, reason=reason))

    def finish(self, transcriber: Transcriber, *, duration_s: float) -> Transcript:
        """Build the transcript.

        Raises:
            InputError: `no_speech` or `unsupported_language`.
        """
        if self.speech_s <= 0.0:
            raise InputError(
                ErrorCode.NO_SPEECH,
                "No speech was found; check the microphone and record an answer in a clear voice.",
            )
        language, probability = self._check_language(transcriber)
        if not self.words:
            raise InputError(
                ErrorCode.NO_SPEECH,
                "Speech was heard, but none of its words could be made out; record again closer to the "
                "microphone, or add the text.",
            )
        return Transcript(
            text=" ".join(word.text for word in self.words),
            language=language,
            language_probability=probability,
            confidence=round(sum(word.probability for word in self.words) / len(self.words), 4),
            words=self.words,
            line_starts=find_line_starts(self.words),
            omitted=self.omitted,
            fluency=measure_fluency(self.words),
            duration_s=round(duration_s, 3),
            model=transcriber.model,
        )

    def _check_language(self, transcriber: Transcriber) -> tuple[str | None, float | None]:
        """Return the language that was spoken longest, with its probability if the transcriber gives one.

        Raises:
            InputError: `unsupported_language`, a transcriber of English alone did not hear English.
        """
        if transcriber.multilingual:
            return _find_longest_language(self.languages)
        certainty = self.heard_probabilities / max(1, self.heard_words)
        if certainty >= MIN_ENGLISH_PROBABILITY and self.heard_words >= MIN_WORDS_PER_S * self.speech_s:
            return "en", None
        if self.heard_words < MIN_WORDS_TO_JUDGE:
            return None, None
        raise InputError(
            ErrorCode.UNSUPPORTED_LANGUAGE,
            "The words could not be made out as English, the only language that is written down here; if it "
            "was English, record again closer to the microphone, or add the text.",
        )


def _transcribe_utterances(
    found: Iterable[Utterance], transcriber: Transcriber, *, offset_s: float
) -> TranscriptBuilder:
    builder, language = TranscriptBuilder(), None
    for utterance in found:
        heard = transcriber.hear(utterance.samples, language=language)
        start_s = offset_s + utterance.start / SAMPLE_RATE_HZ
        builder.add(heard, start_s=start_s, speech_s=utterance.voiced / SAMPLE_RATE_HZ)
        if language is None and (heard.language_probability or 0.0) >= MIN_LANGUAGE_PROBABILITY:
            language = heard.language
    return builder


def find_omission_reason(segment: HeardSegment) -> OmissionReason | None:
    """Return why a segment is not to be believed, or None.

    Whisper invents fluent text if there is nothing to transcribe, and may repeat one phrase over and over.
    """
    if segment.compression > MAX_COMPRESSION:
        return "repetition"
    if segment.log_probability >= MIN_LOG_PROBABILITY:
        return None
    return "no_speech" if segment.no_speech > MAX_NO_SPEECH else "uncertain"


def _place_words(segment: HeardSegment, start_s: float) -> list[SpokenWord]:
    return [
        SpokenWord(
            text=word.text,
            start_s=round(start_s + word.start_s, 3),
            end_s=round(start_s + word.end_s, 3),
            probability=round(word.probability, 4),
        )
        for word in segment.words
    ]


def _find_longest_language(
    languages: dict[str, list[tuple[float, float]]],
) -> tuple[str | None, float | None]:
    """Return the language with most seconds, and its mean probability over them."""
    if not languages:
        return None, None
    name = max(languages, key=lambda language: sum(told[0] for told in languages[language]))
    seconds = sum(told[0] for told in languages[name])
    return name, round(sum(s * p for s, p in languages[name]) / seconds, 4) if seconds else None
