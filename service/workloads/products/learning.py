"""What a catalogue teaches: the lenses its vectors are seen through, and the map from its texts to its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from service.sentences import engine
from service.workloads.products import crossing, lens, pictures
from service.workloads.products.crossing import Crossing
from service.workloads.products.lens import Lens
from service.workloads.products.network import Floats

MOST: Final = 20_000
"""Products that are learned of: more teach nothing new and take longer."""
GROWTH: Final = 1.5
"""A catalogue that has so many times the products it was learned of is learned of anew."""


class Example(msgspec.Struct, frozen=True, gc=False):
    """What one product teaches."""

    picture: Floats | None
    text: Floats | None
    category: str | None


@dataclass(frozen=True, slots=True)
class Lessons:
    """What was learned."""

    picture_lens: Lens
    crossing: Crossing | None
    """None where there are too few pairs."""


NONE: Final = Lessons(lens.plain(pictures.LENGTH), None)


def is_due(products: int, learned_of: int) -> bool:
    """Whether a catalogue of so many products has grown enough."""
    return products >= lens.LEAST and products >= GROWTH * learned_of


def learned(examples: Sequence[Example]) -> Lessons:
    """The lessons of ``examples``; takes seconds for `MOST` of them."""
    seen = [example for example in examples if example.picture is not None]
    pairs = [(example.text, example.picture) for example in seen if example.text is not None]
    looks = np.array([example.picture for example in seen], np.float32).reshape(-1, pictures.LENGTH)
    return Lessons(
        lens.fitted(looks, [example.category for example in seen]),
        crossing.fit(np.array([text for text, _ in pairs]), np.array([look for _, look in pairs])) if pairs else None,
    )


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Lessons as bytes; arrays are numbers of 32 bits, row by row."""

    picture_mean: bytes
    picture_map: bytes | None
    picture_shrinkage: float | None
    crossing: tuple[bytes, bytes, bytes, float, float] | None


def packed(lessons: Lessons) -> bytes:
    """``lessons`` to be kept."""
    look, crossed = lessons.picture_lens, lessons.crossing
    kept = _Kept(
        picture_mean=_bytes(look.mean),
        picture_map=None if look.map is None else _bytes(look.map),
        picture_shrinkage=look.shrinkage if np.isfinite(look.shrinkage) else None,
        crossing=None
        if crossed is None
        else (
            _bytes(crossed.texts_mean),
            _bytes(crossed.pictures_mean),
            _bytes(crossed.map),
            crossed.penalty,
            crossed.explained,
        ),
    )
    return msgspec.msgpack.encode(kept)


def unpacked(content: bytes | None) -> Lessons:
    """What `packed` made ``content`` of; `NONE` for None."""
    if content is None:
        return NONE
    kept = msgspec.msgpack.decode(content, type=_Kept)
    shrinkage = np.inf if kept.picture_shrinkage is None else kept.picture_shrinkage
    turn = None if kept.picture_map is None else _floats(kept.picture_map).reshape(pictures.LENGTH, -1)
    crossed = None
    if kept.crossing is not None:
        texts_mean, pictures_mean, table, penalty, explained = kept.crossing
        shaped = _floats(table).reshape(engine.LENGTH, -1)
        crossed = Crossing(_floats(texts_mean), _floats(pictures_mean), shaped, penalty, explained)
    return Lessons(Lens(_floats(kept.picture_mean), turn, shrinkage), crossed)


def _bytes(array: Floats) -> bytes:
    return array.astype("<f4").tobytes()


def _floats(content: bytes) -> Floats:
    return np.frombuffer(content, "<f4").astype(np.float32)
