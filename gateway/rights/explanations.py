"""What scores are and how they come about, in plain words, for the people they are about."""

from collections.abc import Mapping

EXPLANATIONS: Mapping[str, str] = {
    "what_this_system_does": (
        "Candor estimates how an interview answer comes across. Models were taught with public "
        "recordings and texts that other people had labelled. All results are estimates from one answer,"
        " none is a fact or a verdict about a person, and none is a ground for a decision about a person"
        " by itself."
    ),
    "text": (
        "The words, typed or transcribed, are turned into features of wording and meaning. From these a "
        "model estimates how likely a person who writes like this describes themselves as above average "
        "in each of five traits (openness, conscientiousness, extraversion, agreeableness, neuroticism)."
    ),
    "audio": (
        "The voice is cut into short windows. For each, a model that learnt from acted speech estimates "
        "which of seven emotions listeners would perceive; the answer's value is the mean over its "
        "speech. Where a mean voice of earlier answers is kept, it serves to tell the person's usual "
        "voice from how they sound now."
    ),
    "video": (
        "Faces are found in single frames. For each, a model that learnt from labelled photographs "
        "estimates which of seven emotions onlookers would perceive; the answer's value is the mean over"
        " its frames."
    ),
    "fused": (
        "Voice and face are pooled, each weighted by how reliable it was in tests; `congruence` says how"
        " far they agree, from 0 to 1. Trait estimates come from the words alone."
    ),
    "benchmark": (
        "A percentile says how many of a hundred other candidates of the same group scored lower. It "
        "never counts the person's own answers, and needs a minimum number of others."
    ),
    "part_in_decisions": (
        "Candor decides nothing. Whether and how somebody used these results is theirs to explain: ask "
        "the organisation that the answer was handed in to, which must name the main elements of its "
        "decision."
    ),
    "rights": (
        "You may ask that organisation to have wrong data corrected, to have everything erased, and to "
        "take back a consent at any time; that stops running analyses and erases what rests on it."
    ),
}
