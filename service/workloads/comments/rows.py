"""Comments as the rows of a batch."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from service.core.batches import Fields
from service.core.errors import ExtraMissingError, InvalidRequestError
from service.core.workload import BatchRule
from service.workloads.comments.messages import Quality
from service.workloads.comments.policy import Item, complaint_about, engine_installed


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is chosen for all comments of a batch."""

    quality: Annotated[Quality, Meta(description="As in a request; `fast` unless it says `good`.")] = "fast"


def item_of(fields: Fields, options: Options) -> Item:
    """The comment in a row; a number is read as its digits."""
    if options.quality == "good" and not engine_installed():
        raise ExtraMissingError("quality: good", "comments")
    text = fields.get("text")
    text = "" if text is None else str(text).strip()
    if complaint := complaint_about(text):
        raise InvalidRequestError("text", complaint)
    return Item(text, options.quality)


BATCH = BatchRule(
    columns={"text": "what the customer wrote", "id": "your own name for the comment"},
    options=Options,
    item_of=item_of,
    chunk_rows=1_000,
)
