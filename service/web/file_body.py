"""Bodies that are a file as it is, with what is asked about it in the query: for workloads with an `UploadRule`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from litestar.types import Receive

from service.core.deadlines import Deadlines
from service.core.errors import InvalidRequestError
from service.core.workload import UploadRule
from service.web.body import JSON, BodyRoom, ByteReader, essence_of, is_among, unsupported
from service.web.problems import BAD_REQUEST, UNREAD, Fault, ProblemError

_JSON_ALONE: Final = frozenset((JSON,))
_PLACE: Final = re.compile(r" - at `\$\.([^`]*)`\Z")
_LONGEST_NAME: Final = 40
"""Characters of a name of the caller's that are told back."""
_MARK_BYTES: Final = 16


class FileReader(ByteReader):
    """Reads the files of one workload by its ``rule``."""

    def __init__(self, rule: UploadRule[Any], deadlines: Deadlines, room: BodyRoom) -> None:
        super().__init__((name.encode("ascii") for name in rule.media_types), rule.body_bytes, deadlines, room)
        self.rule = rule
        self._all = self.media_types | _JSON_ALONE

    def form_of(self, headers: Mapping[bytes, bytes], query: bytes) -> FileForm | None:
        """How the body of a request is to be understood; None for JSON, which says all of it itself.

        ProblemError for a body of another type, and for a query that cannot be.
        """
        media_type = headers.get(b"content-type", b"")
        if is_among(media_type, _JSON_ALONE):
            if query:
                detail = "With JSON there is no query: what is asked for stands in the JSON."
                raise ProblemError(BAD_REQUEST, detail, headers=UNREAD)
            return None
        essence = essence_of(media_type)
        if essence not in self.media_types:
            raise unsupported(self._all)
        return FileForm(self, essence, options_in(query, self.rule.options))


class FileForm:
    """One file that is to be read, and what is asked about it."""

    __slots__ = ("_options", "_reader", "mark")

    def __init__(self, reader: FileReader, media_type: bytes, options: msgspec.Struct) -> None:
        self._reader = reader
        self._options = options
        said = b"%b\0%b" % (media_type, msgspec.json.encode(options))
        self.mark = f"{blake2b(said, digest_size=_MARK_BYTES).hexdigest()}:"
        """Differs for all that makes the same bytes another question."""

    async def read(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        """The file's bytes; ProblemError when a limit is broken, OverloadError when there is no room for it."""
        return await self._reader.read(headers, receive)

    def decode(self, body: bytes) -> Any:
        """The request; ProblemError for an option that cannot be, InvalidRequestError for what breaks a rule."""
        if not body:
            raise InvalidRequestError("$", "the body is empty")
        try:
            return self._reader.rule.request_of(body, self._options)
        except InvalidRequestError as error:
            if not error.pointer.startswith("?"):
                raise
            raise _refused(error.pointer[1:], error.reason) from error


def options_in(query: bytes, kind: type[msgspec.Struct]) -> msgspec.Struct:
    """The options that ``query`` gives, each once; ProblemError names the first that cannot be."""
    known = kind.__struct_fields__
    try:
        # One more than there are is read, so that whoever sends too many is told of one by name.
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")[: len(known) + 1]
    except UnicodeDecodeError:
        raise ProblemError(BAD_REQUEST, "The query is no text in UTF-8.", headers=UNREAD) from None
    given: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            raise _refused(name, f"there is no such option; there are {', '.join(known)}")
        if name in given:
            raise _refused(name, "it is given twice")
        given[name] = value
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        place = _PLACE.search(str(error))
        reason = _PLACE.sub("", str(error))
        raise _refused(place[1] if place else "", reason) from None


def _refused(name: str, reason: str) -> ProblemError:
    shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
    faults = [Fault(f"?{shown}", reason)]
    return ProblemError(BAD_REQUEST, f"The option {shown}: {reason}.", errors=faults, headers=UNREAD)
