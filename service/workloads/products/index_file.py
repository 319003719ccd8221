"""An index as a file, from which any process makes it again in the time that reading takes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.workloads.products.columns import Columns
from service.workloads.products.index import Index
from service.workloads.products.lens import Lens

FORMAT: Final = 1


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is in the file besides arrays."""

    format: int
    revision: int
    names: list[str]
    categories: list[str]
    pairs: list[tuple[str, str]]
    """Names and values of attributes, in the order of their codes."""
    shrinkages: dict[str, float | None]
    """Of the lenses; none stands for infinite."""


class NotAnIndexError(Exception):
    """The file holds no index of this format."""


def save(index: Index, path: Path) -> None:
    """Write ``index`` to ``path``, where the whole of it appears at once."""
    columns = index.columns
    header = Header(
        format=FORMAT,
        revision=index.revision,
        names=index.names,
        categories=list(columns.categories),
        pairs=list(columns.pairs),
        shrinkages={name: one.shrinkage if one.map is not None else None for name, one in index.lenses.items()},
    )
    arrays: dict[str, NDArray[Any]] = {"header": np.frombuffer(msgspec.msgpack.encode(header), np.uint8)}
    arrays |= columns.arrays
    for name, lens in index.lenses.items():
        arrays[f"{name}_steps"], arrays[f"{name}_mean"] = index.matrices[name].steps, lens.mean
        if lens.map is not None:
            arrays[f"{name}_map"] = lens.map
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    with beside.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def load(path: Path) -> Index:
    """The index in ``path``; NotAnIndexError for any other file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = msgspec.msgpack.decode(arrays["header"].tobytes(), type=Header)
    except (ValueError, KeyError, AttributeError, msgspec.DecodeError) as error:
        raise NotAnIndexError(f"{path.name} holds no index") from error
    if header.format != FORMAT:
        raise NotAnIndexError(f"{path.name} has the format {header.format}; {FORMAT} is read")
    index = Index(_lens("picture", header, arrays), _lens("text", header, arrays))
    columns = Columns()
    columns.restore(arrays["category"], arrays["price"], arrays["attributes"])
    columns.categories = {name: code for code, name in enumerate(header.categories)}
    columns.pairs = {pair: code for code, pair in enumerate(header.pairs)}
    steps = {name: arrays[f"{name}_steps"] for name in index.matrices}
    index.restore(header.names, steps, columns, header.revision)
    return index


def _lens(name: str, header: Header, arrays: dict[str, NDArray[Any]]) -> Lens:
    shrinkage = header.shrinkages[name]
    return Lens(arrays[f"{name}_mean"], arrays.get(f"{name}_map"), np.inf if shrinkage is None else shrinkage)
