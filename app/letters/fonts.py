"""The fonts letters are printed with: the light ones lie here, the heavy ones in a package.

No font of the machine is ever used, so the same letter is the same file everywhere.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import typst

_SHIPPED = Path(__file__).parent / "fonts"
# Packages with Chinese, Japanese and Korean, 55 MB to fetch: the extra `cjk`. One font has the
# shapes of all three; the language of the letter says which are taken.
_PACKAGES = ("cvttf_NotoSansCJK_Regular", "cvttf_NotoSansCJK_Bold")
_SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_NAMES = ("NotoSansCJKtc-Regular.otf", "NotoSansCJKtc-Bold.otf")


@dataclass(frozen=True, slots=True)
class Family:
    """A typeface in the two weights a letter needs."""

    name: str
    files: tuple[Path, ...]


def _shipped(name: str, stem: str) -> Family:
    return Family(name, tuple(_SHIPPED / f"{stem}-{weight}.ttf" for weight in ("Regular", "Bold")))


# In the order they are asked. Noto Naskh Arabic stands before DejaVu Sans: of both, it alone gives
# lam-alef back as two letters when the text of a PDF is read out again.
_FAMILIES = (
    _shipped("Gentium Plus", "GentiumPlus"),
    _shipped("Noto Naskh Arabic", "NotoNaskhArabic"),
    _shipped("Noto Serif Hebrew", "NotoSerifHebrew"),
    _shipped("Noto Serif Devanagari", "NotoSerifDevanagari"),
    _shipped("Noto Serif Georgian", "NotoSerifGeorgian"),
    _shipped("Noto Serif Armenian", "NotoSerifArmenian"),
    _shipped("Noto Serif Thai", "NotoSerifThai"),
    Family("DejaVu Sans", (_SHIPPED / "DejaVuSans.ttf", _SHIPPED / "DejaVuSans-Bold.ttf")),
)


@cache
def families() -> tuple[Family, ...]:
    """Every family there is, in the order they are asked."""
    found = [
        folder / name
        for package, name in zip(_PACKAGES, _NAMES, strict=True)
        if (folder := _folder_of(package)) is not None and (folder / name).is_file()
    ]
    if len(found) < len(_NAMES):
        return _FAMILIES
    return (*_FAMILIES, Family("Noto Sans CJK TC", tuple(found)))


@cache
def typst_fonts() -> typst.Fonts:
    """What the compilers set letters with."""
    folders = {file.parent for family in families() for file in family.files}
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=sorted(folders),
    )


def families_of(used: set[str]) -> list[str]:
    """The names of the families that characters are set with, in the order they are asked.

    Most letters need the first alone; typst takes longer with every one it is told of.
    """
    names = [family.name for family in families()]
    return names[:1] if _coverage()[0].issuperset(used) else names


def missing_glyphs(text: str) -> list[str]:
    """What none of the fonts can draw, each once, in its order.

    A letter and the marks on it have to come from one font, so they are asked for together.
    """
    drawable = _coverage()
    # One family for all of it is the common case; only a mixture is looked at letter by letter.
    used = set(text)
    if any(family.issuperset(used) for family in drawable):
        return []
    found: dict[str, None] = {}
    for cluster in clusters(text):
        # A selector asks for one shape of a letter; a font without it draws the usual one.
        shown = [letter for letter in cluster if not _SELECTOR.match(letter)]
        if not any(family.issuperset(shown) for family in drawable):
            found[cluster] = None
    return list(found)


def clusters(text: str) -> Iterator[str]:
    """A text letter by letter, each with the marks on it."""
    cluster = ""
    for letter in text:
        if cluster and not unicodedata.category(letter).startswith("M"):
            yield cluster
            cluster = ""
        cluster += letter
    if cluster:
        yield cluster


def named(cluster: str) -> str:
    """A character by number and name, for a reader who cannot be shown it."""
    return " + ".join(
        f"U+{ord(letter):04X} {unicodedata.name(letter, '')}".strip() for letter in cluster
    )


def _folder_of(package: str) -> Path | None:
    # The package is looked up and never run: it is a folder with a font in it.
    found = find_spec(package)
    return Path(found.origin).parent if found and found.origin else None


@cache
def _coverage() -> tuple[frozenset[str], ...]:
    """What each family has; a character counts when every weight has it."""
    return tuple(
        frozenset.intersection(*(_characters(file) for file in family.files))
        for family in families()
    )


def _characters(path: Path) -> frozenset[str]:
    """The characters a font file has glyphs for, read from its coverage table (cmap)."""
    font = path.read_bytes()
    tables = dict(
        struct.unpack_from(">4s4xL", font, 12 + 16 * number)
        for number in range(*struct.unpack_from(">H", font, 4))
    )
    cmap = tables[b"cmap"]
    found = {}
    for number in range(*struct.unpack_from(">H", font, cmap + 2)):
        table = cmap + struct.unpack_from(">4xL", font, cmap + 4 + 8 * number)[0]
        found[struct.unpack_from(">H", font, table)[0]] = table
    if 12 in found:
        return _of_groups(font, found[12])
    if 4 in found:
        return _of_segments(font, found[4])
    raise ValueError(f"{path.name} has no coverage table that is read here")


def _of_groups(font: bytes, table: int) -> frozenset[str]:
    groups = struct.unpack_from(">L", font, table + 12)[0]
    spans = struct.iter_unpack(">LL4x", font[table + 16 : table + 16 + 12 * groups])
    return frozenset(chr(code) for first, last in spans for code in range(first, last + 1))


def _of_segments(font: bytes, table: int) -> frozenset[str]:
    """Segments with offsets (format 4): a character counts when it leads to a glyph that is one."""
    count = struct.unpack_from(">H", font, table + 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", font, table + 14)
    begin = table + 16 + 2 * count
    starts = struct.unpack_from(f">{count}H", font, begin)
    deltas = struct.unpack_from(f">{count}H", font, begin + 2 * count)
    at = begin + 4 * count
    offsets = struct.unpack_from(f">{count}H", font, at)
    found = set()
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        for code in range(start, min(end, 0xFFFE) + 1):
            if offsets[place]:
                there = at + 2 * place + offsets[place] + 2 * (code - start)
                glyph = struct.unpack_from(">H", font, there)[0]
            else:
                glyph = (code + deltas[place]) & 0xFFFF
            if glyph:
                found.add(chr(code))
    return frozenset(found)
