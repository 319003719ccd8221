"""A function is called the same by whoever sees it."""

from __future__ import annotations

import json.decoder
from collections.abc import Callable

from profiles.frames import file_name, qualified
from profiles.samplers import deterministic, memray


class Maker:
    def make(self, size: int) -> list[bytearray]:
        return [bytearray(size) for _ in range(3)]


def forget() -> Callable[[], list[bytearray]]:
    def get() -> list[bytearray]:
        return Maker().make(100_000)

    return get


def test_counts_and_allocations_name_functions_alike() -> None:
    work = forget()
    place = "(tests/profiles/test_frames.py)"
    expected = {f"{name} {place}" for name in ("forget.<locals>.get", "Maker.make", "Maker.make.<locals>.<listcomp>")}
    counted = {frame.frame for frame in deterministic.capture(work).calls.frames()}
    asked = {frame.frame for frame in memray.capture(work).bytes.frames()}
    assert expected <= counted
    assert expected <= asked


def test_a_file_is_named_from_the_folder_that_its_module_is_found_in() -> None:
    assert file_name(__file__) == "tests/profiles/test_frames.py"

    assert file_name(json.decoder.__file__) == "json/decoder.py"
    assert qualified("nothing", "<string>", 1) == "nothing (<string>)"
