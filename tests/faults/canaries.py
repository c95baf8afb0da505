"""Words that stand nowhere else, and a search for them in whatever a machine has written down."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

CHUNK = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Canaries:
    """One mark for each personal field. A mark is random letters, so no chance finds it."""

    marks: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        letters = "bcdfghjkmnpqrstvwxz"
        return self.marks.setdefault(name, "".join(secrets.choice(letters) for _ in range(18)))

    def needles(self) -> list[tuple[str, bytes]]:
        """Every form in which a mark might be written, lower case where case may change.

        The quoted-printable, percent and JSON forms of a word leave its plain letters as they are:
        the mark is made of these, so that looking for it finds those forms too.
        """
        found = []
        for name, mark in self.marks.items():
            for label, form in _forms(mark):
                found.append((f"{name}, {label}", form))
        return found

    def found_in(self, content: bytes) -> list[str]:
        lower = content.lower()
        joined = content.replace(b"\r", b"").replace(b"\n", b"")  # base64 comes in lines
        return [
            name
            for name, needle in self.needles()
            if needle in (joined if "base64" in name else lower)
        ]

    def found_under(self, places: Iterable[Path]) -> list[str]:
        """Every hit below the places, as "file: field, form"."""
        return [
            f"{path}: {hit}"
            for path in files_under(places)
            for chunk in _chunks(path)
            for hit in self.found_in(chunk)
        ]


def files_under(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        each = [place] if place.is_file() else sorted(place.rglob("*"))
        yield from (path for path in each if path.is_file() and not path.is_symlink())


def _forms(mark: str) -> Iterator[tuple[str, bytes]]:
    # Quoted-printable may break a line within a word: both halves cannot be broken.
    half = len(mark) // 2
    yield "first half", mark[:half].encode()
    yield "second half", mark[half:].encode()
    # The zeros between the letters are the same in both orders of bytes.
    yield "utf-16", mark.encode("utf-16-le")[:-1]
    yield "hexadecimal", mark.encode().hex().encode()
    for form, plain in (("utf-8", mark.encode()), ("utf-16", mark.encode("utf-16-le"))):
        for before in range(3):
            # Where the mark stands in a base64 text is not known; what is the same at each of the
            # three places is looked for.
            whole = base64.b64encode(b"\0" * before + plain).rstrip(b"=")
            yield f"base64 of {form} at {before}", whole[4 if before else 0 : -3][:28]


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as source:
            tail = b""
            while content := source.read(CHUNK):
                yield tail + content
                tail = content[-256:]
    except FileNotFoundError:
        return  # a server puts its files away while it is looked at
