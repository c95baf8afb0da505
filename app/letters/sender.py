"""The postal address of whoever writes: for a sheet of paper, and kept nowhere."""

from __future__ import annotations

from enum import StrEnum

from app.core.errors import Refused
from app.core.text import BadCharacters, clean_text, graphemes

# What stands above the window of an envelope, in the smallest type.
LINES_AT_MOST = 6
LETTERS_AT_MOST = 60


class SenderFault(StrEnum):
    """Why an address cannot be printed."""

    CHARACTERS = "characters"
    TOO_LONG = "too_long"


class SenderRefused(Refused):
    """The address cannot be printed. It says why and not what: the address is in no message."""

    code = "sender_refused"

    def __init__(self, fault: SenderFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def sender_lines(typed: str) -> tuple[str, ...]:
    """The lines of a typed address; none where nothing was typed."""
    try:
        lines = [line for line in clean_text(typed).split("\n") if line]
    except BadCharacters:
        # Not "from": the refusal's own traceback must not lead back to the words.
        raise SenderRefused(SenderFault.CHARACTERS) from None
    if len(lines) > LINES_AT_MOST or any(graphemes(line) > LETTERS_AT_MOST for line in lines):
        raise SenderRefused(SenderFault.TOO_LONG)
    return tuple(lines)
