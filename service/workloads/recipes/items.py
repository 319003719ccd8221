"""What the pipeline handles: one picture of a recipe, and the engine that shall read it."""

from __future__ import annotations

import msgspec

from service.core.workload import BatchRule, UploadRule
from service.pictures.bounds import MOST_BYTES
from service.pictures.sources import MEDIA_TYPES, Source, source_of, url_of
from service.workloads.recipes.messages import Engine, EngineWish, RecipeRequest


class Item(Source, frozen=True, gc=False, kw_only=True):
    """A picture to be read."""

    engine: EngineWish = "auto"


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is chosen for all pictures of a batch, or said in the query of a picture that is the body."""

    engine: Engine = "auto"


def items_of(request: RecipeRequest) -> list[Item]:
    """The one picture of ``request``; InvalidRequestError for none, two, or one that cannot be."""
    source = source_of(request.url, request.data)
    return [Item(url=source.url, content=source.content, digest=source.digest, engine=request.engine)]


def key_of(item: Item) -> bytes:
    """Where the picture is, or what it is, and who reads it."""
    return b"%b\0%b" % (item.key, item.engine.encode())


BATCH: BatchRule[Item] = BatchRule(
    columns={"url": "where the picture is", "id": "your own name for the recipe"},
    options=Options,
    item_of=lambda fields, options: Item(url=url_of(fields), engine=options.engine),
    chunk_rows=20,
)
UPLOAD: UploadRule[RecipeRequest] = UploadRule(
    media_types=MEDIA_TYPES,
    body_bytes=MOST_BYTES,
    options=Options,
    request_of=lambda body, options: RecipeRequest(data=body, engine=options.engine),
)
