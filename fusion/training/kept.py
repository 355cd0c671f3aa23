"""Held-out answers of a seed on disk, so that a run that ends early goes on where it was."""

import hashlib
import inspect
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fusion.training import methods, pooling, protocol, units
from fusion.training.pairs import Pairs
from fusion.training.pooling import Sample
from fusion.training.protocol import Held

Both = tuple[Held, Held]


def held_or_made(folder: Path, pairs: Pairs, row: int, *, known: bool, make: Callable[[], Both]) -> Both:
    """Return what `make` answers, from the file of an earlier run of the same code on the same data.

    Args:
        folder: where files are kept.
        pairs: the clips.
        row: of `pairs.seeds`.
        known: the setting.
        make: over the corpus's classes, and over the product's labels.
    """
    path = folder / f"{'known' if known else 'unknown'}-{pairs.seeds[row]}-{_key(pairs)}.npz"
    if not path.exists():
        _save(path, make())
    with np.load(path) as stored:
        eight, seven = (_load(dict(stored), f"{part}/", pairs.seeds[row]) for part in (8, 7))
    return eight, seven


def _key(pairs: Pairs) -> str:
    """Return changes with the voice scores, the data and the code of the protocol."""
    digest = hashlib.sha256(json.dumps(pairs.digests, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(pairs.voice).tobytes())
    for module in (methods, pooling, protocol, units):
        digest.update(inspect.getsource(module).encode())
    return digest.hexdigest()[:12]


def _save(path: Path, both: Both) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"{part}/{name}": value
        for part, held in zip((8, 7), both, strict=True)
        for name, value in _arrays(held)
    }
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **arrays)  # type: ignore[arg-type]
    partial.replace(path)


def _arrays(held: Held) -> list[tuple[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]]:
    found = [("units_model", np.array(held.units_model))]
    for (voice, face), sample in held.samples.items():
        found += [(f"sample/{voice}/{face}/{name}", getattr(sample, name)) for name in Sample.__slots__]
    found += [(f"answer/{v}/{u}/{name}", answer) for (name, (v, u)), answer in held.answers.items()]
    found += [(f"missing/{gone}/{name}", answer) for (name, gone), answer in held.missing.items()]
    return found + [(f"inner/{name}", np.array(pairs)) for name, pairs in held.inner.items()]


def _load(
    stored: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]], prefix: str, seed: int
) -> Held:
    held = Held(seed, {})
    samples: dict[tuple[int, int], dict[str, object]] = {}
    for key, value in stored.items():
        if not key.startswith(prefix):
            continue
        kind, *rest = key.removeprefix(prefix).split("/")
        if kind == "units_model":
            held.units_model = value.tolist()
        elif kind == "sample":
            samples.setdefault((int(rest[0]), int(rest[1])), {})[rest[2]] = value
        elif kind == "answer":
            held.answers[rest[2], (int(rest[0]), int(rest[1]))] = value.astype(np.float64)
        elif kind == "missing":
            held.missing[rest[1], rest[0]] = value.astype(np.float64)
        else:
            held.inner[rest[0]] = [(float(a), float(b), float(c)) for a, b, c in value]
    held.samples = {place: Sample(**parts) for place, parts in samples.items()}  # type: ignore[arg-type]
    return held
