"""Extraction, update and coverage of the catalogues, in one command: `make strings`.

Two catalogues a language, by who reads them. `messages.po` holds the public pages and every mail;
a language is offered to supporters as soon as it is there. `desk.po` holds the desk and the
numbers, for organisers and coordinators; a sentence that supporters read as well stands in
`messages.po` alone. Nothing is compiled: Outcry reads the `.po` files when it starts.

    python translations/strings.py           bring every catalogue up to date, say what is missing
    python translations/strings.py add kk    begin a language, with its plural forms
    python translations/strings.py look      say what is missing, write nothing
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).parent
ROOT = HERE.parent
PUBLIC = "messages"
DESK = "desk"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None}

# What only organisers and coordinators see; the local mail viewer is for those who develop.
STAFF = (
    "app/cli/",
    "app/intake/",
    "app/letters/placeholders.py",
    "app/web/coordinator/",
    "app/web/organiser/",
    "app/web/mail_viewer.py",
    "templates/coordinator/",
    "templates/dev/",
    "templates/organiser/",
)

_HEADER = """\
# {language} of Outcry.
# Copyright (C) 2026 the Outcry team.
# This file is distributed under the same licence as Outcry (Apache-2.0)."""

Key = str | tuple[str, str]


@cache
def templates() -> dict[str, Catalog]:
    """The sentences in the code and in the templates, as one empty catalogue for each audience."""
    with (HERE / "babel.cfg").open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)
    found: dict[str, dict[Key, set[str]]] = {PUBLIC: {}, DESK: {}}
    for folder in ("app", "templates"):
        rows = extract_from_dir(ROOT / folder, methods, options, keywords=KEYWORDS)
        for name, _line, key, _comments, _context in rows:
            path = f"{folder}/{Path(name).as_posix()}"
            audience = DESK if path.startswith(STAFF) else PUBLIC
            found[audience].setdefault(key, set()).add(path)
    for key in found[PUBLIC]:
        found[PUBLIC][key] |= found[DESK].pop(key, set())
    return {audience: _catalogue(keys) for audience, keys in found.items()}


def _catalogue(keys: dict[Key, set[str]]) -> Catalog:
    catalogue = Catalog(project="Outcry", charset="utf-8")
    for key in sorted(keys, key=lambda each: (min(keys[each]), str(each))):
        catalogue.add(key, locations=[(path, None) for path in sorted(keys[key])])
    return catalogue


def files() -> Iterator[tuple[str, str, Path]]:
    """Language, audience and path of every catalogue there is."""
    for audience in (PUBLIC, DESK):
        for path in sorted(HERE.glob(f"*/LC_MESSAGES/{audience}.po")):
            yield path.parent.parent.name, audience, path


def read(path: Path, language: str) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale=language)


def missing(catalogue: Catalog) -> list[Message]:
    """The messages without a text, without one of its forms, or in doubt."""
    return [message for message in catalogue if message.id and not _is_done(message)]


def _is_done(message: Message) -> bool:
    texts = message.string if isinstance(message.string, tuple) else (message.string,)
    return not message.fuzzy and all(text and text.strip() for text in texts)


def update() -> None:
    """Give every catalogue the sentences of today and take away those that are gone.

    A sentence that moved between the two audiences takes its translation along.
    """
    known: dict[str, dict[Key, Message]] = {}
    for language, _audience, path in files():
        kept = known.setdefault(language, {})
        kept |= {each.id: each for each in read(path, language) if each.id and _is_done(each)}
    for language, audience, path in files():
        catalogue = read(path, language)
        catalogue.update(templates()[audience], no_fuzzy_matching=True, update_creation_date=False)
        for message in missing(catalogue):
            if message.id in known[language]:
                message.string = known[language][message.id].string
        _write(path, catalogue)


def add(language: str) -> None:
    """Begin a language with the public pages and the mails."""
    path = HERE / language / "LC_MESSAGES" / f"{PUBLIC}.po"
    path.parent.mkdir(parents=True)
    name = Locale.parse(language, sep="-").english_name
    catalogue = Catalog(
        locale=language,
        header_comment=_HEADER.format(language=name),
        project="Outcry",
        version="0.1",
        msgid_bugs_address="the issue tracker of Outcry",
        last_translator="the Outcry team",
        language_team=name,
        revision_date=datetime.now(UTC),
        charset="utf-8",
        fuzzy=False,
    )
    catalogue.update(templates()[PUBLIC], no_fuzzy_matching=True)
    _write(path, catalogue)


def _write(path: Path, catalogue: Catalog) -> None:
    with path.open("wb") as target:
        write_po(target, catalogue, ignore_obsolete=True, include_lineno=False)


def look() -> Iterable[str]:
    """One line a catalogue: language, audience, how much is translated."""
    for language, audience, path in files():
        catalogue = read(path, language)
        lacking = len(missing(catalogue))
        whole = len(catalogue)
        yield f"{language}\t{audience}\t{whole - lacking} of {whole}\t{1 - lacking / whole:.1%}"


def main(words: list[str]) -> int:
    match words:
        case []:
            update()
        case ["add", language]:
            add(language)
        case ["look"]:
            pass
        case _:
            sys.stderr.write(__doc__ or "")
            return 2
    for line in look():
        sys.stdout.write(line + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
