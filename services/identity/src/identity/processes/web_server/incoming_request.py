"""Collects the bytes of a request until the request is whole, so that no thread waits for a client.

Gunicorn's parser reads the request afterwards. A malformed or too large request counts as whole, so that it is refused.
"""

import re
from typing import Final, Literal

MAX_HEAD_BYTES: Final = 64 * 1024
MAX_BODY_BYTES: Final = 64 * 1024
_MAX_CHUNK_OVERHEAD: Final = 4
"""The maximum length of a chunked body with its chunk sizes, as a multiple of the maximum content."""
_END: Final = b"\r\n\r\n"
_BARE_LF: Final = re.compile(rb"(?<!\r)\n")
_FRAMING: Final = re.compile(
    rb"\r\n(content-length|transfer-encoding|expect):([^\r\n]*)(?=\r\n)", re.IGNORECASE
)
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[^\r\n]*)?")
_MAX_LENGTH_DIGITS: Final = 18

Part = Literal["head", "body", "whole"]


class IncomingRequest:
    """The bytes of a request as they arrive. `part` is the incomplete part, or "whole".

    `too_large_head` and `expects_continue` are valid once the head is complete or refused.
    """

    def __init__(self, *, max_line: int, max_body: int) -> None:
        self.data = bytearray()
        self.part: Part = "head"
        self.expects_continue = False
        self.too_large_head = False
        self._max_line, self._max_body = max_line, max_body
        self._searched = 0
        self._end = 0  # of the body, or of the last chunk whose size has arrived
        self._chunk_bytes = 0  # bytes of content up to `_end`, without the chunk sizes
        self._chunked = False

    def add(self, data: bytes) -> None:
        self.data += data
        if self.part == "head":
            self._find_head()
        if self.part == "body" and self._is_body_whole():
            self.part = "whole"

    def _find_head(self) -> None:
        start = max(0, self._searched - len(_END) + 1)
        end = self.data.find(_END, start)
        malformed = _BARE_LF.search(self.data, start, end if end >= 0 else len(self.data))
        self._searched = len(self.data)
        if end >= 0:
            self.part = "body"
            self._read_framing(bytes(self.data[: end + 2]), end + len(_END))
        elif malformed or self._searched > MAX_HEAD_BYTES or self._is_line_too_long():
            self.part, self.too_large_head = "whole", not malformed

    def _is_line_too_long(self) -> bool:
        return self._searched > self._max_line + 2 and self.data.find(b"\r\n", 2, self._max_line + 4) < 0

    def _read_framing(self, head: bytes, end: int) -> None:
        fields = [(name.lower(), value.strip(b" \t").lower()) for name, value in _FRAMING.findall(head)]
        lengths = [value for name, value in fields if name == b"content-length"]
        codings = [value for name, value in fields if name == b"transfer-encoding"]
        self._chunked = codings == [b"chunked"] and not lengths
        self._end = end
        if not self._chunked:
            self._end += self._length(lengths, codings)
        self.expects_continue = (b"expect", b"100-continue") in fields

    def _length(self, lengths: list[bytes], codings: list[bytes]) -> int:
        """Return the length of the body to wait for; 0 if there is none or the request is refused without it."""
        if codings or len(lengths) != 1 or not lengths[0].isdigit() or len(lengths[0]) > _MAX_LENGTH_DIGITS:
            return 0
        length = int(lengths[0])
        return length if length <= self._max_body else 0

    def _is_body_whole(self) -> bool:
        return self._are_chunks_whole() if self._chunked else len(self.data) >= self._end

    def _are_chunks_whole(self) -> bool:
        while (line_end := self.data.find(b"\r\n", self._end)) >= 0:
            size = _CHUNK_SIZE.fullmatch(self.data, self._end, line_end)
            if not size:
                return True
            if not (length := int(size[1], 16)):
                return self.data.find(_END, line_end) >= 0 or self._are_chunks_too_long()
            self._end = line_end + 2 + length + 2
            self._chunk_bytes += length
        return self._are_chunks_too_long()

    def _are_chunks_too_long(self) -> bool:
        arrived = self._chunk_bytes - max(0, self._end - len(self.data))
        return (
            arrived > self._max_body or len(self.data) > MAX_HEAD_BYTES + _MAX_CHUNK_OVERHEAD * self._max_body
        )
