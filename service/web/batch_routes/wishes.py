"""What fields of a form, or a query, ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from service.core.batches import BatchWish
from service.core.errors import InvalidRequestError

_SWITCHES = {"true": True, "1": True, "false": False, "0": False}


def wish_of(given: Mapping[str, str]) -> BatchWish:
    """The batch that is ``given``; InvalidRequestError by the name at fault."""
    known = set(BatchWish.__struct_fields__)
    if unknown := sorted(given.keys() - known):
        raise InvalidRequestError(unknown[0][:40], f"a batch has {', '.join(BatchWish.__struct_fields__)}")
    if "workload" not in given:
        raise InvalidRequestError("workload", "say which workload the rows are for")
    values: dict[str, Any] = {"name": given["workload"], **given}
    if "\0" in values["name"]:
        raise InvalidRequestError("name", "it holds a NUL, which is no character")
    if "auto_start" in given:
        if given["auto_start"].lower() not in _SWITCHES:
            raise InvalidRequestError("auto_start", "it is true or false")
        values["auto_start"] = _SWITCHES[given["auto_start"].lower()]
    values["options"] = msgspec.Raw(given.get("options", "{}").encode("utf-8", "replace"))
    try:
        return msgspec.convert(values, BatchWish, strict=False)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        raise InvalidRequestError(place.rstrip("`") or "$", reason) from None
