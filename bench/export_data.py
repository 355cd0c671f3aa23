"""Generated answers with reports for the bench of exports."""

import json
from datetime import UTC, datetime

from sqlalchemy import Engine, text

from services.common.contracts.labels import (
    EMOTIONS,
    TRAITS,
    AssessmentStatus,
    Emotion,
    Modality,
    ModalityStatus,
)
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import (
    BenchmarkEntry,
    EmotionScores,
    Fused,
    ModalityResult,
    Report,
    TimelineSegment,
)

SECONDS = 60
"""Of the video that a report is about: a segment of voice and two of face for each."""

FILL = (
    """INSERT INTO candidates (id, tenant_id, external_id)
       SELECT 'cand_' || lpad(n::text, 26, '0'), t.id, 'person-' || n
       FROM (SELECT id FROM tenants ORDER BY id DESC LIMIT 1) AS t, generate_series(1, :size) AS n""",
    """INSERT INTO assessments (id, tenant_id, candidate_id, question_id, purpose, tags, media, check_at)
       SELECT 'asm_' || right(c.id, 26), c.tenant_id, c.id, q.id, 'research', '{role:nurse}', '[]', NULL
       FROM candidates AS c,
            LATERAL (SELECT id FROM questions WHERE tenant_id = c.tenant_id ORDER BY id LIMIT 1) AS q""",
    """INSERT INTO reports (assessment_id, tenant_id, status, report)
       SELECT id, tenant_id, 'succeeded',
              CAST(:report AS jsonb) || jsonb_build_object('assessment_id', id) FROM assessments""",
    """INSERT INTO modality_results (assessment_id, modality, tenant_id, status, result)
       SELECT a.id, m.name, a.tenant_id, 'succeeded', '{}'
       FROM assessments AS a, unnest(ARRAY['text', 'audio', 'video']) AS m(name)""",
    "ANALYZE",
)


def fill(engine: Engine, size: int) -> None:
    """Give the newest tenant `size` answers of as many people, each with a report; nobody else has any."""
    values = {"size": size, "report": json.dumps(report().model_dump(mode="json"))}
    with engine.begin() as connection:
        for statement in FILL:
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), used)


def report() -> Report:
    """Make a report as long as that of a one-minute video."""
    emotions: EmotionScores = {label: 1 / len(EMOTIONS) for label in EMOTIONS}
    scores = [*(f"trait.{trait}" for trait in TRAITS), *(f"emotion.{label}" for label in EMOTIONS)]
    return Report(
        assessment_id="",
        status=AssessmentStatus.SUCCEEDED,
        fused=Fused(emotions=emotions, traits=dict.fromkeys(TRAITS, 0.5), congruence=0.8),
        modalities={
            Modality.TEXT: _result(Modality.TEXT, emotions, step_s=SECONDS),
            Modality.AUDIO: _result(Modality.AUDIO, emotions, step_s=1.0),
            Modality.VIDEO: _result(Modality.VIDEO, emotions, step_s=0.5),
        },
        benchmark={
            name: BenchmarkEntry(value=0.5, percentile=62.5, cohort_mean=0.48, n=412)
            for name in (*scores, "congruence")
        },
        created_at=datetime.now(UTC),
    )


def _result(modality: Modality, emotions: EmotionScores, *, step_s: float) -> ModalityResult:
    segments = [
        TimelineSegment(
            start_s=index * step_s,
            end_s=(index + 1) * step_s,
            label=Emotion.NEUTRAL,
            confidence=emotions[Emotion.NEUTRAL],
            emotions=emotions,
        )
        for index in range(round(SECONDS / step_s))
    ]
    return ModalityResult(
        modality=modality,
        status=ModalityStatus.SUCCEEDED,
        emotions=emotions,
        timeline=segments,
        models=[ModelRef(name=f"{modality}_emotions", version=3)],
    )
