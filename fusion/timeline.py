"""Voice, face and words on one clock, and where voice and face part. Pure: values in, values out.

The agreement of a step is `combine.congruence`: 1 minus the Jensen-Shannon divergence in bits (Lin 1991).
What chance would give is measured on the same answer: the face is shifted against the voice in a circle, so
that each channel keeps its own course and only their meeting in time is lost (surrogate data, Theiler et al.
1992). A person who looks friendly throughout while sounding friendly throughout agrees much,
and no better than chance; what a step tells is how it differs from that.
"""

import math
from collections.abc import Mapping, Sequence

from fusion.combine import congruence
from services.common.contracts.labels import EMOTION_MODALITIES, EMOTIONS, Emotion, Modality, ModalityStatus
from services.common.contracts.results import EmotionScores, ModalityResult, TimelineSegment
from services.common.contracts.text import SpokenWord
from services.common.contracts.timeline import AlignedSentence, AlignedStep, AlignedTimeline, Parting
from services.common.phrasing import percent

STEP_S = 1.0
MOST_STEPS = 900
"""An answer longer than this many steps gets longer ones, so that no report grows without bound."""
MOST_SHIFTS = 24
LEAST_SHIFT_STEPS = 3
LEAST_STEPS = 12
"""Steps with both channels below which nothing is said of chance or of partings."""
PARTING_QUANTILE = 0.1
"""A step parts where it agrees less than this share of the shifted pairs do, and the labels differ."""
LEAST_PARTING_STEPS = 2
MOST_PARTINGS = 5
CLEARLY = 0.95
"""Share of the shifts that a mean must lie above, or below, for a difference from chance to be named."""
SENTENCE_PAUSE_S = 0.9
SENTENCE_WORDS = 30

Step = tuple[EmotionScores | None, EmotionScores | None]


def align(results: Mapping[Modality, ModalityResult]) -> AlignedTimeline | None:
    """Return the aligned timeline of one answer; None where no channel has one.

    Args:
        results: per modality; only those that succeeded count.
    """
    voice, face = (_segments(results.get(modality)) for modality in EMOTION_MODALITIES)
    end_s = max((segment.end_s for segment in (*voice, *face)), default=0.0)
    if end_s <= 0.0:
        return None
    step_s = STEP_S * math.ceil(end_s / (STEP_S * MOST_STEPS))
    count = math.ceil(end_s / step_s)
    columns = [_per_step(segments, count, step_s) for segments in (voice, face)]
    steps: list[Step] = list(zip(*columns, strict=True))
    agreed = [None if v is None or f is None else congruence(v, f) for v, f in steps]
    chance = _by_chance(steps)
    mean = _mean([value for value in agreed if value is not None])
    means = [_mean(shift) or 0.0 for shift in chance]
    by_chance, above = _rounded(_mean(means)), _rank(mean, means)
    words = _words(results.get(Modality.TEXT))
    return AlignedTimeline(
        step_s=step_s,
        steps=[_step(v, f, c) for (v, f), c in zip(steps, agreed, strict=True)],
        congruence_mean=_rounded(mean),
        congruence_by_chance=by_chance,
        above_chance=above,
        summary=agreement_words(_rounded(mean), by_chance, above),
        sentences=[_sentence(words, steps, step_s) for words in sentences_of(words)],
        partings=partings(steps, agreed, [value for shift in chance for value in shift], step_s=step_s),
    )


def agreement_words(mean: float | None, by_chance: float | None, above_chance: float | None) -> str | None:
    """Return what the comparison with chance says, without saying more; None where the two never meet.

    Args:
        mean: congruence over the steps with both, 0..1.
        by_chance: the same mean after shifts; None where the answer is too short.
        above_chance: share of the shifts whose mean lies below the true one.
    """
    if mean is None:
        return None
    agreed = f"Voice and face agree to {percent(mean)} on average"
    if by_chance is None or above_chance is None:
        return f"{agreed}. The answer is too short to say what chance would give."
    beside = f"{agreed}; chance would give {percent(by_chance)}"
    if above_chance >= CLEARLY:
        return f"{beside}. They move together more than by chance."
    if above_chance <= 1.0 - CLEARLY:
        return f"{beside}. They move together less than by chance."
    return f"{beside}. That is no clear difference."


def _segments(result: ModalityResult | None) -> Sequence[TimelineSegment]:
    return result.timeline if result is not None and result.status is ModalityStatus.SUCCEEDED else ()


def _words(result: ModalityResult | None) -> Sequence[SpokenWord]:
    return result.transcript.words if result is not None and result.transcript is not None else ()


def _per_step(segments: Sequence[TimelineSegment], count: int, step_s: float) -> list[EmotionScores | None]:
    """Return the mean of the segments in each step, weighted by how long they lie in it."""
    sums: list[dict[Emotion, float] | None] = [None] * count
    covered = [0.0] * count
    for segment in segments:
        for step in range(int(segment.start_s / step_s), min(count, math.ceil(segment.end_s / step_s))):
            overlap_s = min(segment.end_s, (step + 1) * step_s) - max(segment.start_s, step * step_s)
            if overlap_s <= 0.0:
                continue
            held = sums[step] or dict.fromkeys(EMOTIONS, 0.0)
            sums[step] = {label: held[label] + overlap_s * segment.emotions[label] for label in EMOTIONS}
            covered[step] += overlap_s
    return [
        None if held is None else {label: value / weight for label, value in held.items()}
        for held, weight in zip(sums, covered, strict=True)
    ]


def _by_chance(steps: Sequence[Step]) -> list[list[float]]:
    """Return the agreement of the steps under each of some circular shifts of the face; empty for short
    answers.
    """
    both = [(v, f) for v, f in steps if v is not None and f is not None]
    if len(both) < LEAST_STEPS:
        return []
    farthest = len(both) - LEAST_SHIFT_STEPS
    every = max(1, math.ceil((farthest - LEAST_SHIFT_STEPS + 1) / MOST_SHIFTS))
    shifts = range(LEAST_SHIFT_STEPS, farthest + 1, every)
    return [
        [congruence(v, both[(at + shift) % len(both)][1]) for at, (v, _) in enumerate(both)]
        for shift in shifts
    ]


def partings(
    steps: Sequence[Step], agreed: Sequence[float | None], by_chance: Sequence[float], *, step_s: float
) -> list[Parting]:
    """Return stretches in which the two agree less than shifted pairs nearly ever do, the furthest first.

    Args:
        steps: voice and face per step.
        agreed: their congruence per step.
        by_chance: congruence of shifted pairs; nothing parts where there are none.
        step_s: length of a step.
    """
    if not by_chance:
        return []
    limit = sorted(by_chance)[int(PARTING_QUANTILE * len(by_chance))]
    found: list[Parting] = []
    held: list[int] = []
    for at, ((voice, face), value) in enumerate(zip(steps, agreed, strict=True)):
        if voice and face and value is not None and value <= limit and _top(voice) is not _top(face):
            held.append(at)
            continue
        found += _parting(held, steps, agreed, step_s)
        held = []
    found += _parting(held, steps, agreed, step_s)
    return sorted(found, key=lambda parting: parting.congruence)[:MOST_PARTINGS]


def _parting(
    at: Sequence[int], steps: Sequence[Step], agreed: Sequence[float | None], step_s: float
) -> list[Parting]:
    if len(at) < LEAST_PARTING_STEPS:
        return []
    voice, face = (_mean_scores([steps[step][side] for step in at]) for side in (0, 1))
    if voice is None or face is None or _top(voice) is _top(face):
        return []
    mean = _mean([agreed[step] or 0.0 for step in at])
    return [
        Parting(
            start_s=at[0] * step_s,
            end_s=(at[-1] + 1) * step_s,
            voice=_top(voice),
            face=_top(face),
            congruence=_rounded(mean) or 0.0,
        )
    ]


def sentences_of(words: Sequence[SpokenWord]) -> list[list[SpokenWord]]:
    """Return words in sentences, by their end marks, by pauses, and by length where there are neither."""
    found: list[list[SpokenWord]] = []
    for word in words:
        last = found[-1][-1] if found else None
        if (
            last is None
            or last.text.endswith((".", "!", "?"))
            or word.start_s - last.end_s >= SENTENCE_PAUSE_S
            or len(found[-1]) >= SENTENCE_WORDS
        ):
            found.append([word])
        else:
            found[-1].append(word)
    return found


def _sentence(words: Sequence[SpokenWord], steps: Sequence[Step], step_s: float) -> AlignedSentence:
    start_s, end_s = words[0].start_s, max(words[-1].end_s, words[0].start_s)
    within = steps[int(start_s / step_s) : max(int(start_s / step_s) + 1, math.ceil(end_s / step_s))]
    voice, face = (_mean_scores([step[side] for step in within]) for side in (0, 1))
    return AlignedSentence(
        start_s=round(start_s, 3),
        end_s=round(end_s, 3),
        text=" ".join(word.text for word in words),
        voice=_top(voice) if voice else None,
        face=_top(face) if face else None,
        congruence=_rounded(congruence(voice, face)) if voice and face else None,
    )


def _step(voice: EmotionScores | None, face: EmotionScores | None, agreed: float | None) -> AlignedStep:
    return AlignedStep(voice=_written(voice), face=_written(face), congruence=_rounded(agreed))


def _written(scores: EmotionScores | None) -> list[float] | None:
    return None if scores is None else [round(scores[label], 3) for label in EMOTIONS]


def _mean_scores(scores: Sequence[EmotionScores | None]) -> EmotionScores | None:
    known = [one for one in scores if one is not None]
    return (
        {label: math.fsum(one[label] for one in known) / len(known) for label in EMOTIONS} if known else None
    )


def _top(scores: EmotionScores) -> Emotion:
    return max(EMOTIONS, key=lambda label: scores[label])


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _rank(value: float | None, others: Sequence[float]) -> float | None:
    """Return the share of `others` below `value`, ties counted by half."""
    if value is None or not others:
        return None
    below = sum((other < value) + 0.5 * (other == value) for other in others)
    return round(below / len(others), 4)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(min(1.0, max(0.0, value)), 4)
