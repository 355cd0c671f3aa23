"""States of assessments change in one way only."""

import pytest
from sqlalchemy.dialects import postgresql

from services.common.db.states import TRANSITIONS, AssessmentState, transition


def sources_of(to: AssessmentState) -> set[str]:
    compiled = transition(to).compile(dialect=postgresql.dialect())
    return set(compiled.params["state_1"])


@pytest.mark.parametrize(
    ("to", "sources"),
    [
        (AssessmentState.CANCELED, {"queued", "expired"}),
        (AssessmentState.EXPIRED, {"queued"}),
        (AssessmentState.QUEUED, set()),
    ],
)
def test_transition_takes_only_states_that_lead_there_when_it_is_asked_for(
    to: AssessmentState, sources: set[str]
) -> None:
    assert sources_of(to) == sources


def test_transition_ends_recovery_when_a_state_is_left() -> None:
    values = transition(AssessmentState.EXPIRED).compile(dialect=postgresql.dialect()).params
    assert (values["state"], values["check_at"]) == ("expired", None)


def test_nothing_follows_when_an_assessment_is_canceled() -> None:
    assert TRANSITIONS[AssessmentState.CANCELED] == frozenset()
    assert set(TRANSITIONS) == set(AssessmentState)
