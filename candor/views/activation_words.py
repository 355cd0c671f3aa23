"""The regions of a face that carried a label, in words.

`gateway/web/report/activation.js` words them in the same way; a test compares both.
"""

from services.common.contracts.face import FaceActivation, FaceRegion

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
    """The regions that mattered most."""
    shares = activation.regions
    ranked = sorted((name for name in ORDER if shares.get(name, 0.0) > 0.0), key=lambda name: -shares[name])
    told = [f"the {_name(name)} ({_percent(shares[name])})" for name in ranked[:SPREAD_NAMED]]
    if shares[ranked[0]] < MOSTLY_FROM:
        return f"Spread out: {_listed(told)}."
    return f"Mostly {told[0]}, then {told[1]}." if len(told) > 1 else f"Only {told[0]}."


def _name(region: FaceRegion) -> str:
    return "surroundings of the face" if region is FaceRegion.AROUND else str(region)


def _percent(share: float) -> str:
    """As browsers round: halves up."""
    return f"{int(share * 100 + 0.5 + 1e-9)}%"


def _listed(items: list[str]) -> str:
    return f"{', '.join(items[:-1])} and {items[-1]}" if len(items) > 1 else items[0]
