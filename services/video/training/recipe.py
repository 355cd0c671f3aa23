"""The residual face network: every choice its weights depend on, and its layers by name.

Named layers are what the two frameworks share. PyTorch trains the network, because bfloat16 convolutions take
half the time there on a CPU that has them. Keras exports it, as it exports every model: TF Serving wants a
SavedModel, and LiteRT is converted from that one (decision 0021).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from services.common.contracts.labels import EMOTIONS
from services.video.training.dataset import Augmentation
from services.video.training.votes import FERPLUS_LABELS

NORM_EPSILON = 1e-5
STANDARDISE_EPSILON = 1e-4
HEADS = {"fer2013": len(EMOTIONS), "ferplus": len(FERPLUS_LABELS)}
"""Dense layers upon the pooled features, and how many classes each names."""


class Phase(NamedTuple):
    """A run of epochs on images of one size."""

    epochs: int
    size_px: int


@dataclass(frozen=True, slots=True)
class ResidualRecipe:
    """Hyper-parameters.

    Small images first: an epoch at 32 px costs less than half of one at 48 px and teaches nearly as
    much while the learning rate is high (progressive resizing, Tan & Le 2021).

    Attributes:
        widths: channels per stage; each stage halves the resolution first.
        learning_rate: the peak, reached after `warm_up_epochs`, then a cosine to zero.
        weight_decay: on kernels only.
        label_smoothing: of the FER2013 labels; the votes are soft already.
        votes_weight: of the FER+ head's loss beside the FER2013 head's; 0 trains without FER+.
        mixup_alpha: Zhang et al. 2018, one weight per image.
        cut_out_px: longest side of the square that is greyed (DeVries & Taylor 2017), at 48 px.
        cut_out_share: of the images that get one.
        ema_decay: of the averaged weights, which are the result.
    """

    phases: tuple[Phase, ...] = (Phase(18, 32), Phase(14, 40), Phase(16, 48))
    stem: int = 32
    widths: tuple[int, ...] = (64, 128, 256)
    dropout: float = 0.2
    batch_size: int = 128
    learning_rate: float = 0.1
    warm_up_epochs: float = 1.0
    momentum: float = 0.9
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    votes_weight: float = 1.0
    mixup_alpha: float = 0.2
    cut_out_px: int = 14
    cut_out_share: float = 0.5
    blur_share: float = 0.1
    ema_decay: float = 0.999
    augmentation: Augmentation = field(default_factory=Augmentation)

    @property
    def epochs(self) -> int:
        return sum(phase.epochs for phase in self.phases)

    def size_px(self, epoch: int) -> int:
        """Return the size of the images of an epoch, counted from 0."""
        for phase in self.phases:
            if epoch < phase.epochs:
                return phase.size_px
            epoch -= phase.epochs
        raise ValueError("there are fewer epochs than that")

    def shortened(self, epochs: int) -> "ResidualRecipe":
        """Return the recipe with so many epochs, its phases in proportion and the last never left out."""
        counts = [round(epochs * phase.epochs / self.epochs) for phase in self.phases[:-1]]
        counts = [min(count, epochs - 1) for count in counts]
        counts.append(epochs - sum(counts))
        phases = zip(counts, self.phases, strict=True)
        return replace(self, phases=tuple(Phase(count, phase.size_px) for count, phase in phases if count))


class Look(NamedTuple):
    """One way to look at a crop: turned about its middle, then mirrored or not."""

    mirrored: bool = False
    degrees: float = 0.0


LOOKS: dict[str, tuple[Look, ...]] = {
    "crop": (Look(),),
    "crop and mirror image": (Look(), Look(mirrored=True)),
    "crop, and mirror image turned by 8° either way": (Look(), Look(True, 8.0), Look(True, -8.0)),
}
"""What may be served: the mean of the logits over some looks. Each look costs as much as the first."""


class Convolution(NamedTuple):
    """A 3 × 3 convolution without bias, followed by batch normalisation."""

    name: str
    inputs: int
    outputs: int


def convolutions(recipe: ResidualRecipe) -> Iterator[Convolution]:
    """Yield every convolution in the order of the forward pass: the stem, then three per stage.

    `stage<k>` widens, `stage<k>_first` and `stage<k>_second` are the residual pair upon it.
    """
    yield Convolution("stem", 1, recipe.stem)
    inputs = recipe.stem
    for number, width in enumerate(recipe.widths, start=1):
        yield Convolution(f"stage{number}", inputs, width)
        yield Convolution(f"stage{number}_first", width, width)
        yield Convolution(f"stage{number}_second", width, width)
        inputs = width
