"""multipart/form-data (RFC 7578) as it arrives: the fields first, then the one file."""

from __future__ import annotations

from collections.abc import Mapping

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.intake.charsets import require_utf8
from service.intake.errors import UploadError

LONGEST_FIELD = 10_000
MOST_FIELDS = 16
LONGEST_HEADER = 4_096


class MultipartReader:
    """Takes a body in pieces of any size; UploadError for what is no such form.

    Fields are kept, and what there is of the file is handed on.
    """

    def __init__(self, content_type: bytes) -> None:
        _, parameters = parse_options_header(content_type)
        boundary = parameters.get(b"boundary", b"")
        if not 1 <= len(boundary) <= 70:
            raise UploadError("The form has no boundary of 1 to 70 characters in its Content-Type.")
        self.fields: dict[str, str] = {}
        self.file_type = ""
        """Media type of the file, as its part says; known once the file begins."""
        self.file_name = ""
        self.has_file = False
        """Whether the file has begun."""
        self._pieces: list[bytes] = []
        self._headers: dict[str, bytes] = {}
        self._name, self._value = b"", b""
        self._field: bytearray | None = None
        """Of the part at hand, if it is a field."""
        self._key = ""
        self._is_whole = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._add_name,
                "on_header_value": self._add_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._add_data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def feed(self, piece: bytes) -> list[bytes]:
        """What ``piece`` brings of the file."""
        self._pieces = []
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise UploadError(f"The form is broken: {error}.") from error
        return self._pieces

    def end(self) -> None:
        """There are no more bytes; UploadError when the form has not ended, or had no file."""
        if not self._is_whole:
            raise UploadError("The form ends before its last boundary.")
        if not self.has_file:
            raise UploadError("The form has no file.")

    def _begin_part(self) -> None:
        self._headers, self._field = {}, None

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._name = _bounded(self._name, data[start:end])

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value = _bounded(self._value, data[start:end])

    def _end_header(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value
        self._name, self._value = b"", b""

    def _end_headers(self) -> None:
        _, parameters = parse_options_header(self._headers.get("content-disposition", b""))
        if b"filename" in parameters:
            self._begin_file(parameters)
            return
        if self.has_file:
            raise UploadError("Send the fields before the file: it is read as it arrives.")
        if len(self.fields) == MOST_FIELDS:
            raise UploadError(f"The form has more than {MOST_FIELDS} fields.")
        self._key = parameters.get(b"name", b"").decode("utf-8", "replace")
        self._field = bytearray()

    def _begin_file(self, parameters: Mapping[bytes, bytes]) -> None:
        if self.has_file:
            raise UploadError("The form has more than one file.")
        self.has_file = True
        self.file_name = parameters[b"filename"].decode("utf-8", "replace")
        require_utf8(self._headers.get("content-type", b""))
        self.file_type = self._headers.get("content-type", b"").decode("latin-1").partition(";")[0].strip().lower()

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._field is None:
            self._pieces.append(data[start:end])
        elif len(self._field) + end - start > LONGEST_FIELD:
            raise UploadError(f"The field {self._key[:40]!r} has more than {LONGEST_FIELD:,} bytes.")
        else:
            self._field += data[start:end]

    def _end_part(self) -> None:
        if self._field is not None:
            try:
                self.fields[self._key] = self._field.decode("utf-8")
            except UnicodeDecodeError as error:
                raise UploadError(f"The field {self._key[:40]!r} is no UTF-8.") from error

    def _end(self) -> None:
        self._is_whole = True


def _bounded(text: bytes, more: bytes) -> bytes:
    if len(text) + len(more) > LONGEST_HEADER:
        raise UploadError(f"A header of the form has more than {LONGEST_HEADER:,} bytes.")
    return text + more
