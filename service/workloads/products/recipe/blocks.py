"""EfficientNet-Lite0 as a list of layers, each a convolution with its normalisation folded into it.

Source: Tan and Le, "EfficientNet" (2019), and the Lite variants (2020): no squeeze and excitation, ReLU6 throughout,
stem and head not scaled. The names of tensors are those of the checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.workloads.products.recipe.checkpoint import Tensor

EPSILON: Final = 1e-3
"""Of TensorFlow's batch normalisation, with which the weights were learned."""

Floats = NDArray[np.float32]


class Stage(NamedTuple):
    """Blocks of one kind, the first of which has the stride."""

    blocks: int
    stride: int
    expands: bool


STAGES: Final = (
    Stage(1, 1, False),
    Stage(2, 2, True),
    Stage(2, 2, True),
    Stage(3, 2, True),
    Stage(3, 1, True),
    Stage(4, 2, True),
    Stage(1, 1, True),
)


class Layer(NamedTuple):
    """One convolution, and what is done with what comes out of it."""

    name: str
    weights: Floats
    """(channels out, channels in by group, rows, columns)."""
    bias: Floats
    stride: int
    groups: int
    bounded: bool
    """Is cut to 0 ... 6."""
    starts: bool
    """Is the first of a block."""
    adds: bool
    """Is the last of a block whose input is added to it."""


def layers(tensors: Mapping[str, Tensor]) -> Iterator[Layer]:
    """From the stem, which takes blue first, to the last features; the classifier is left away."""
    stem = _layer(tensors, "_conv_stem", "_bn0", stride=2)
    yield stem._replace(weights=np.ascontiguousarray(stem.weights[:, ::-1]))
    number = 0
    for stage in STAGES:
        for turn in range(stage.blocks):
            yield from _block(tensors, f"_blocks.{number}.", stage, is_first=turn == 0)
            number += 1
    yield _layer(tensors, "_conv_head", "_bn1")


def directions(tensors: Mapping[str, Tensor], count: int) -> Floats:
    """The ``count`` directions, as columns, in which features tell most of the classifier's classes apart.

    They are the first right singular vectors of its weights, and depend on no catalogue: vectors stay comparable,
    whoever's they are, at two fifths of the length.
    """
    weights = tensors["_fc.weight"].astype(np.float64)
    found = np.linalg.svd(weights - weights.mean(axis=0), full_matrices=False)[2][:count]
    signs = np.sign(found[np.arange(count), np.abs(found).argmax(axis=1)])
    return np.ascontiguousarray((found * signs[:, None]).T.astype(np.float32))


def _block(tensors: Mapping[str, Tensor], prefix: str, stage: Stage, *, is_first: bool) -> Iterator[Layer]:
    if stage.expands:
        yield _layer(tensors, f"{prefix}_expand_conv", f"{prefix}_bn0", starts=True)
    depthwise = f"{prefix}_depthwise_conv"
    stride = stage.stride if is_first else 1
    groups = len(tensors[f"{depthwise}.weight"])
    yield _layer(tensors, depthwise, f"{prefix}_bn1", stride=stride, groups=groups, starts=not stage.expands)
    yield _layer(tensors, f"{prefix}_project_conv", f"{prefix}_bn2", bounded=False, adds=not is_first)


def _layer(
    tensors: Mapping[str, Tensor],
    name: str,
    norm: str,
    *,
    stride: int = 1,
    groups: int = 1,
    bounded: bool = True,
    starts: bool = False,
    adds: bool = False,
) -> Layer:
    """The convolution ``name``, by which the batch normalisation ``norm`` need not be computed any more."""
    scale, shift, mean, variance = (
        tensors[f"{norm}.{part}"].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var")
    )
    factor = scale / np.sqrt(variance + EPSILON)
    weights = tensors[f"{name}.weight"].astype(np.float64) * factor[:, None, None, None]
    return Layer(
        name=name.strip("_").replace("._", "."),
        weights=weights.astype(np.float32),
        bias=(shift - mean * factor).astype(np.float32),
        stride=stride,
        groups=groups,
        bounded=bounded,
        starts=starts,
        adds=adds,
    )
