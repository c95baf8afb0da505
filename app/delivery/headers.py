"""Header lines that nothing can be smuggled into: checked going in, and again as finished bytes.

The standard library alone does not hold: a display name that carries an encoded word with a line
break inside came out as a header line of its own (CVE-2024-6923), and releases differ in how they
fold long names. So every header of ours is written here, the same on every Python.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterable
from email.message import Message as ParsedMail
from email.parser import BytesParser
from email.policy import EmailPolicy, compat32
from typing import Any, Final

from app.core.errors import Refused

# RFC 5322 2.1.1: the most a line may hold, and what it should hold.
LINE_AT_MOST: Final = 998
LINE_WANTED: Final = 76

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ENCODED_WORD = re.compile(r"=\?.*?\?=|=\?[^?]*\?[bq]\?", re.IGNORECASE)
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LONE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_BETWEEN_WORDS = re.compile(r"(?<=\S) (?=\S)")
_PIECES = re.compile(r" |[^ ]+ ?")
# 39 bytes make an encoded word of 64 characters, which fits behind "Subject: " on one line.
_WORD_BYTES = 39
_PART_HEADERS = frozenset(
    (
        "content-type",
        "content-transfer-encoding",
        "content-disposition",
        "mime-version",
    )
)


class BadHeader(Refused):
    """Something bound for a header could add or break a line; nothing is built from it."""

    code = "bad_header"


class MailPolicy(EmailPolicy):
    """Writes our own headers as they stand; leaves those of MIME parts to the library.

    The default would put encoded words into long addresses of web pages and so break one-click
    unsubscribing.
    """

    OURS = frozenset(
        (
            "from",
            "to",
            "reply-to",
            "subject",
            "date",
            "message-id",
            "content-language",
            "auto-submitted",
            "feedback-id",
            "list-help",
            "list-id",
            "list-unsubscribe",
            "list-unsubscribe-post",
            "precedence",
        )
    )

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        if name.lower() in self.OURS:
            return name, value
        return super().header_store_parse(name, value)

    def _fold(self, name: str, value: Any, refold_binary: bool = False) -> str:  # noqa: FBT001, FBT002 - theirs
        if name.lower() in self.OURS:
            return folded(name, str(value)) + self.linesep
        # Private in the library, so a test of the finished bytes stands behind it.
        return str(super()._fold(name, value, refold_binary))  # type: ignore[misc]


MAIL: Final = MailPolicy(linesep="\r\n", cte_type="7bit", max_line_length=LINE_WANTED)


def require_line(text: str) -> None:
    """Refuse what no single line of a header may hold."""
    if _CONTROLS.search(text) or _ENCODED_WORD.search(text):
        raise BadHeader


def require_address(address: str) -> None:
    """Refuse anything but a bare ASCII address: also what SMTP commands may carry."""
    require_line(address)
    if not _ADDRESS.fullmatch(address) or ".." in address:
        raise BadHeader


def require_ascii(text: str) -> None:
    """Refuse a value that would need encoding where encoding is not allowed."""
    require_line(text)
    if not text.isascii() or not text or len(text) > LINE_AT_MOST // 2:
        raise BadHeader


def words(text: str) -> str:
    """Text for a subject: as it is when plain, else as encoded words (RFC 2047)."""
    require_line(text)
    long_word = any(len(word) >= LINE_WANTED for word in text.split(" "))
    return _encoded(text) if not text.isascii() or long_word or text != text.strip() else text


def mailbox(name: str, address: str) -> str:
    """A name and an address for From, To and Reply-To."""
    require_line(name)
    require_address(address)
    if not name:
        return address
    if _PLAIN_NAME.fullmatch(name):
        return f"{words(name)} <{address}>"
    if words(name) == name:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{_encoded(name)} <{address}>"


def folded(name: str, value: str) -> str:
    """The header on as many lines as it needs, broken only where a space stands already."""
    lines: list[str] = []
    line = f"{name}:"
    for word in _BETWEEN_WORDS.split(value):
        if len(line) + 1 + len(word) > LINE_WANTED and line.strip() and line != f"{name}:":
            lines.append(line)
            line = ""
        line = f"{line} {word}"
    lines.append(line)
    return "\r\n".join(lines)


def require_sound(raw: bytes, expected: Iterable[str]) -> None:
    """Refuse finished bytes that are not exactly the mail that was meant.

    The second guard, and independent of the first: the bytes are parsed again and must show each
    expected header once and no other, lines that end in CRLF and fit, and nothing beyond ASCII.
    """
    if not raw.isascii() or b"\x00" in raw or _LONE_LINE_END.search(raw):
        raise BadHeader
    if max(map(len, raw.split(b"\r\n"))) > LINE_AT_MOST:
        raise BadHeader
    parsed = BytesParser(policy=compat32).parsebytes(raw)
    if Counter(name.lower() for name in parsed) != Counter(map(str.lower, expected)):
        raise BadHeader
    for part in parsed.walk():
        _require_sound_part(part, is_whole=part is parsed)


def _require_sound_part(part: ParsedMail[str, str], *, is_whole: bool) -> None:
    names = Counter(name.lower() for name in part)
    unknown = not is_whole and not _PART_HEADERS.issuperset(names)
    if part.defects or unknown or any(times > 1 for times in names.values()):
        raise BadHeader


def _encoded(text: str) -> str:
    # Broken at spaces where there are any: some readers wrongly show a space between two encoded
    # words, and there it does no harm.
    chunks = [""]
    for piece in _PIECES.findall(text):
        for part in [piece] if len(piece.encode()) <= _WORD_BYTES else piece:
            if len((chunks[-1] + part).encode()) > _WORD_BYTES:
                chunks.append("")
            chunks[-1] += part
    return " ".join(f"=?utf-8?b?{base64.b64encode(c.encode()).decode()}?=" for c in chunks if c)
