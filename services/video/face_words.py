"""The sentences of a report about a face: which regions carried a label, and where the frames went."""

from services.common.contracts.face import FaceActivation, FaceRegion, FrameCount
from services.common.phrasing import counted, listed, percent

MOSTLY_FROM = 0.4
"""From here on one region is what the label mostly rested on."""
SPREAD_NAMED = 3
ORDER = (
    FaceRegion.FOREHEAD,
    FaceRegion.BROWS,
    FaceRegion.EYES,
    FaceRegion.NOSE,
    FaceRegion.CHEEKS,
    FaceRegion.MOUTH,
    FaceRegion.CHIN,
    FaceRegion.AROUND,
)
"""From the top; of equal shares the upper one is named first."""


def activation_words(activation: FaceActivation) -> str:
    """Return the sentence that names the regions that mattered most."""
    shares = activation.regions
    ranked = sorted((name for name in ORDER if shares.get(name, 0.0) > 0.0), key=lambda name: -shares[name])
    told = [f"the {_name(name)} ({percent(shares[name])})" for name in ranked[:SPREAD_NAMED]]
    if shares[ranked[0]] < MOSTLY_FROM:
        return f"Spread out: {listed(told)}."
    return f"Mostly {told[0]}, then {told[1]}." if len(told) > 1 else f"Only {told[0]}."


def _name(region: FaceRegion) -> str:
    return "surroundings of the face" if region is FaceRegion.AROUND else str(region)


def frame_words(frames: FrameCount) -> str:
    """Return the sentences that say where every frame went."""
    lost = [
        f"{count:,} {reason.replace('_', ' ')}"
        for reason, count in frames.lost.model_dump().items()
        if count > 0
    ]
    skipped = [
        f"{count:,} {words}"
        for count, words in (
            (frames.beyond_rate, "not looked at, as there are enough others"),
            (frames.out_of_order, "out of order"),
            (frames.unreadable, "unreadable"),
        )
        if count > 0
    ]
    looked_at = counted(frames.analysed, "frame", "frames")
    measured = f"The face could be measured in {frames.usable:,} of {looked_at} looked at"
    others = f"; the others: {', '.join(lost)}" if lost else ""
    decoded = counted(frames.decoded, "frame", "frames")
    rest = f"; {'; '.join(skipped)}" if skipped else ", and all looked at"
    return f"{measured}{others}. {decoded} decoded{rest}."
