"""The residual face network in PyTorch, which trains it. Layer names are those of `recipe`."""

import importlib
import os
from typing import Any

from services.video.training.recipe import (
    HEADS,
    NORM_EPSILON,
    STANDARDISE_EPSILON,
    ResidualRecipe,
    convolutions,
)


def load_torch() -> Any:
    """Import PyTorch, which only the extra `face-training` installs.

    Idle threads sleep: where cores are shared, spinning ones take time from the rest.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    return importlib.import_module("torch")


def torch_network(recipe: ResidualRecipe) -> Any:
    """Build the layers of the network as a `torch.nn.ModuleDict`; `forward` runs them.

    The second normalisation of every residual pair starts at zero, so that each pair starts as the
    identity (Goyal et al. 2017).
    """
    nn = load_torch().nn
    layers = nn.ModuleDict()
    for layer in convolutions(recipe):
        layers[layer.name] = nn.Conv2d(layer.inputs, layer.outputs, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(layers[layer.name].weight, mode="fan_out", nonlinearity="relu")
        layers[f"{layer.name}_norm"] = norm = nn.BatchNorm2d(layer.outputs, eps=NORM_EPSILON)
        if layer.name.endswith("_second"):
            nn.init.zeros_(norm.weight)
    for head, count in HEADS.items():
        layers[head] = nn.Linear(recipe.widths[-1], count)
    return layers.to(memory_format=load_torch().channels_last)


def forward(layers: Any, faces: Any, recipe: ResidualRecipe, *, bfloat16: bool = False) -> tuple[Any, ...]:
    """Compute the logits of both heads, in the order of `HEADS`, float32.

    Args:
        layers: of `torch_network`; in training mode the pooled features are thinned out (dropout).
        faces: tensor `(n, 1, size, size)` float32, 0..1.
        recipe: widths and dropout.
        bfloat16: run the convolutions in bfloat16.
    """
    torch = load_torch()
    functional = torch.nn.functional
    variance, mean = torch.var_mean(faces, dim=(1, 2, 3), keepdim=True, correction=0)
    x = (faces - mean) / torch.sqrt(variance + STANDARDISE_EPSILON)

    def normalised(x: Any, name: str) -> Any:
        return layers[f"{name}_norm"](layers[name](x))

    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
        x = functional.relu(normalised(x.contiguous(memory_format=torch.channels_last), "stem"), inplace=True)
        for number in range(1, len(recipe.widths) + 1):
            shortcut = functional.relu(normalised(functional.max_pool2d(x, 2), f"stage{number}"))
            x = functional.relu(normalised(shortcut, f"stage{number}_first"), inplace=True)
            x = functional.relu(normalised(x, f"stage{number}_second") + shortcut, inplace=True)
    pooled = functional.dropout(x.float().mean((2, 3)), recipe.dropout, training=layers.training)
    return tuple(layers[head](pooled) for head in HEADS)
