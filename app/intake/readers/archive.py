"""Archives of office programs, opened with limits (reliability: import bombs)."""

from __future__ import annotations

import io
import zipfile

from app.intake.readers.document import Reason, Unreadable

UNPACKED_AT_MOST = 20 * 1024 * 1024
ENTRIES_AT_MOST = 1_000
# Text packs ten to thirty times; a bomb a thousand times.
RATIO_AT_MOST = 100
_SMALL = 256 * 1024


def open_archive(data: bytes) -> zipfile.ZipFile:
    """An archive whose table of contents promises nothing outrageous.

    What the table says of a size is also what the library reads at most of that entry.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError) as error:
        raise Unreadable(Reason.BROKEN) from error
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise Unreadable(Reason.LOCKED)
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if (
        len(entries) > ENTRIES_AT_MOST
        or unpacked > UNPACKED_AT_MOST
        # Entries that lie over each other share their bytes.
        or packed > len(data)
        or any(_is_blown_up(entry) for entry in entries)
    ):
        raise Unreadable(Reason.TOO_HEAVY)
    return archive


def _is_blown_up(entry: zipfile.ZipInfo) -> bool:
    return entry.file_size > _SMALL and entry.file_size > RATIO_AT_MOST * max(
        entry.compress_size, 1
    )
