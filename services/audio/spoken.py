"""A recording as words: streaming decode → voice activity → utterances → transcriber → guards."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.audio.decode import SoundSource, watched_blocks
from services.audio.features import SAMPLE_RATE_HZ
from services.audio.fluency import fluency
from services.audio.settings import AudioSettings
from services.audio.transcript_lines import line_starts
from services.audio.transcription import MAX_COMPRESSION, Heard, HeardSegment, Transcriber, Unavailable
from services.audio.utterances import Utterance, utterances
from services.audio.vad import SpeechProbability, hysteresis
from services.common.contracts.results import ErrorCode
from services.common.contracts.tasks import Transcription
from services.common.contracts.text import Omission, OmissionReason, SpokenWord, Transcript
from services.common.errors import InputError
from services.common.media.files import MediaFile, Progress, ignore_progress

MIN_LOG_PROBABILITY = -1.0
MAX_NO_SPEECH = 0.6
"""Radford et al. 2022, section 4.5: below the one a text is a guess, and above the other one of silence."""
NOT_ENGLISH_BELOW = 0.58
"""Mean probability of the words below which a model of English alone did not hear English; measured, see
decision 0009."""
MIN_WORDS_PER_S = 1.0
"""Fewer words a second of speech, pauses not counted, and most of what was said was not made out."""
MIN_WORDS_TO_JUDGE = 5
LANGUAGE_CERTAIN = 0.5
"""A language told with this probability holds for the rest of the recording."""


def transcribe(
    media: MediaFile,
    *,
    transcriber: Transcriber | Unavailable,
    settings: AudioSettings,
    progress: Progress = ignore_progress,
) -> Transcription:
    """The words of a recording, with their times on the clock of the media, or why there are none.

    Memory does not grow with the length of the recording but for the words themselves.

    Args:
        media: an audio or video file in any container that FFmpeg reads.
        transcriber: from `open_transcriber`.
        settings: limits and the rules of voice activity.
        progress: told the share of the media that was read.

    Returns:
        Words, or `transcription_unavailable`, `unsupported_language`, `no_speech` or whatever fault of the
        media the voice analysis has too.

    Raises:
        TemporaryError: the file is out of reach.
    """
    if isinstance(transcriber, Unavailable):
        return _without_words(ErrorCode.TRANSCRIPTION_UNAVAILABLE, transcriber.reason)
    try:
        with SoundSource(media.path, max_duration_s=settings.max_duration_s) as source:
            found = utterances(
                watched_blocks(source, progress),
                rule=hysteresis(settings),
                probability=SpeechProbability(),
            )
            notes = _listen(found, transcriber, offset_s=source.offset_s)
            transcript = notes.finish(transcriber, duration_s=source.decoded_s)
    except InputError as fault:
        return _without_words(fault.code, fault.reason)
    progress(1.0)
    return Transcription(transcript=transcript)


def _without_words(code: ErrorCode, reason: str) -> Transcription:
    return Transcription(error_code=code, reason=reason)


@dataclass(slots=True)
class Notes:
    """What was heard so far.

    Attributes:
        words: of the segments that passed the guards.
        omitted: the others.
        heard_probabilities: sum over all words, of omitted segments too, and their number in `heard_words`.
        speech_s: by voice activity.
        languages: seconds of speech and probability by language, where the transcriber tells languages.
    """

    words: list[SpokenWord] = field(default_factory=list)
    omitted: list[Omission] = field(default_factory=list)
    heard_probabilities: float = 0.0
    heard_words: int = 0
    speech_s: float = 0.0
    languages: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def add(self, heard: Heard, *, start_s: float, speech_s: float) -> None:
        """Take what was heard in an utterance that starts at `start_s` on the clock of the media."""
        self.speech_s += speech_s
        if heard.language is not None:
            told = (speech_s, heard.language_probability or 0.0)
            self.languages.setdefault(heard.language, []).append(told)
        for segment in heard.segments:
            self.heard_words += len(segment.words)
            self.heard_probabilities += sum(word.probability for word in segment.words)
            words = _timed(segment, start_s)
            reason = why_omitted(segment)
            if reason is None:
                self.words += words
            else:
                start, end = words[0].start_s, words[-1].end_s
                self.omitted.append(Omission(start_s=start, end_s=end, reason=reason))

    def finish(self, transcriber: Transcriber, *, duration_s: float) -> Transcript:
        """The transcript.

        Raises:
            InputError: `no_speech` or `unsupported_language`.
        """
        if self.speech_s <= 0.0:
            raise InputError(
                ErrorCode.NO_SPEECH,
                "No speech was found; check the microphone and record an answer in a clear voice.",
            )
        language, probability = self._language(transcriber)
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
            line_starts=line_starts(self.words),
            omitted=self.omitted,
            fluency=fluency(self.words),
            duration_s=round(duration_s, 3),
            model=transcriber.model,
        )

    def _language(self, transcriber: Transcriber) -> tuple[str | None, float | None]:
        """The language that was spoken longest, with its probability where the transcriber tells one."""
        if transcriber.multilingual:
            return _longest(self.languages)
        certainty = self.heard_probabilities / max(1, self.heard_words)
        if certainty >= NOT_ENGLISH_BELOW and self.heard_words >= MIN_WORDS_PER_S * self.speech_s:
            return "en", None
        if self.heard_words < MIN_WORDS_TO_JUDGE:
            return None, None
        raise InputError(
            ErrorCode.UNSUPPORTED_LANGUAGE,
            "The words could not be made out as English, the only language that is written down here; if it "
            "was English, record again closer to the microphone, or add the text.",
        )


def _listen(found: Iterable[Utterance], transcriber: Transcriber, *, offset_s: float) -> Notes:
    notes, language = Notes(), None
    for utterance in found:
        heard = transcriber.hear(utterance.samples, language=language)
        start_s = offset_s + utterance.start / SAMPLE_RATE_HZ
        notes.add(heard, start_s=start_s, speech_s=utterance.voiced / SAMPLE_RATE_HZ)
        if language is None and (heard.language_probability or 0.0) >= LANGUAGE_CERTAIN:
            language = heard.language
    return notes


def why_omitted(segment: HeardSegment) -> OmissionReason | None:
    """Why a segment is not to be believed, or None.

    Whisper invents fluent text where there is nothing to write down, and may say one phrase over and over.
    """
    if segment.compression > MAX_COMPRESSION:
        return "repetition"
    if segment.log_probability >= MIN_LOG_PROBABILITY:
        return None
    return "no_speech" if segment.no_speech > MAX_NO_SPEECH else "uncertain"


def _timed(segment: HeardSegment, start_s: float) -> list[SpokenWord]:
    return [
        SpokenWord(
            text=word.text,
            start_s=round(start_s + word.start_s, 3),
            end_s=round(start_s + word.end_s, 3),
            probability=round(word.probability, 4),
        )
        for word in segment.words
    ]


def _longest(languages: dict[str, list[tuple[float, float]]]) -> tuple[str | None, float | None]:
    """The language with most seconds, and its mean probability over them."""
    if not languages:
        return None, None
    name = max(languages, key=lambda language: sum(told[0] for told in languages[language]))
    seconds = sum(told[0] for told in languages[name])
    return name, round(sum(s * p for s, p in languages[name]) / seconds, 4) if seconds else None
