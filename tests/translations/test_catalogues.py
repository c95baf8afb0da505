"""Translations are part of the build: complete, true to the source, and never older than it."""

from __future__ import annotations

import re
from functools import cache

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message

from app.core.i18n import Catalogues, speaking
from tests.conftest import ROOT
from translations import strings

TRANSLATIONS = ROOT / "translations"
# Issue 9, item 3: what public pages and mails speak besides English; the desk speaks two of them.
LANGUAGES = ("ar", "de", "es", "fa", "fr", "it", "kk", "pl", "pt", "ru", "tr", "uk")
DESK = ("fr", "ru")
FILES = [(language, "messages") for language in LANGUAGES] + [(each, "desk") for each in DESK]
# The classes of CLDR in the order of the forms that gettext counts by. A class that gettext does
# not know (whole millions in French, fractions in Russian) takes the last.
ONE, SLAVONIC = ("one", "other"), ("one", "few", "many")
CLASSES = {
    **dict.fromkeys(("fr", "es", "de", "it", "pt"), ONE),
    **dict.fromkeys(("ru", "uk", "pl"), SLAVONIC),
    **dict.fromkeys(("fa", "tr", "kk"), ("other",)),
    "ar": ("zero", "one", "two", "few", "many", "other"),
}
HOLE = re.compile(r"%\(\w+\)[sd]|\{\{\s*\w+\s*\}\}")
TAG = re.compile(r"</?[a-z][^>]*>")
# Named entities would be shown as they stand: the templates escape for themselves.
ENTITY = re.compile(r"&#?\w+;")

Key = tuple[str, ...]


def key_of(message: Message) -> Key:
    return message.id if isinstance(message.id, tuple) else (message.id,)


def texts_of(message: Message) -> Key:
    return message.string if isinstance(message.string, tuple) else (message.string,)


@cache
def catalogue(language: str, audience: str = "messages") -> Catalog:
    return strings.read(TRANSLATIONS / language / "LC_MESSAGES" / f"{audience}.po", language)


def messages(language: str, audience: str = "messages") -> list[Message]:
    return [message for message in catalogue(language, audience) if message.id]


def whole(language: str) -> list[Message]:
    """Everything the language says, at the desk as well where it is spoken there."""
    return [each for one, audience in FILES if one == language for each in messages(one, audience)]


def counted(language: str) -> Message:
    return next(message for message in messages(language) if "day left to write" in message.id[0])


def test_every_language_that_is_there_is_tried() -> None:
    assert sorted((one, audience) for one, audience, _path in strings.files()) == sorted(FILES)


@pytest.mark.parametrize(("language", "audience"), FILES)
def test_extracting_the_strings_again_changes_nothing(language: str, audience: str) -> None:
    known = {key_of(message) for message in messages(language, audience)}
    found = {key_of(message) for message in strings.templates()[audience] if message.id}
    assert sorted(found - known) == []
    assert sorted(known - found) == []


@pytest.mark.parametrize(("language", "audience"), FILES)
@pytest.mark.check("I13")
def test_nothing_is_left_untranslated_or_in_doubt(language: str, audience: str) -> None:
    forms = len(CLASSES[language])
    assert catalogue(language, audience).num_plurals == forms
    for message in messages(language, audience):
        texts = texts_of(message)
        assert all(text.strip() for text in texts), message.id
        assert not message.fuzzy, message.id
        assert len(texts) == (forms if message.pluralizable else 1), message.id
    assert not catalogue(language, audience).obsolete


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.check("I8")
def test_a_translation_has_the_holes_of_its_source_and_no_others(language: str) -> None:
    for message in whole(language):
        wanted = set(HOLE.findall(" ".join(key_of(message))))
        for text in texts_of(message):
            found = set(HOLE.findall(text))
            # A plural form may say the number in words; a sentence without a count loses nothing.
            assert found <= wanted, message.id
            assert found == wanted or message.pluralizable, message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_translation_can_be_filled(language: str) -> None:
    class Anything(dict[str, object]):
        def __missing__(self, _name: str) -> int:
            return 7

    for message in whole(language):
        if "%(" in "".join(key_of(message)):
            for text in texts_of(message):
                assert "%(" not in text % Anything(), message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_tag_is_lost_or_invented(language: str) -> None:
    for message in whole(language):
        wanted = sorted(TAG.findall(key_of(message)[-1]))
        for text in texts_of(message):
            assert sorted(TAG.findall(text)) == wanted, message.id
            assert ENTITY.findall(text) == ENTITY.findall(key_of(message)[-1]), message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_ends_as_its_source_does(language: str) -> None:
    ends = {".": "stop", "?": "question", "؟": "question", ":": "colon", "…": "more"}
    for message in whole(language):
        wanted = ends.get(key_of(message)[-1][-1])
        for text in texts_of(message):
            assert ends.get(text[-1]) == wanted, message.id


def test_french_keeps_its_signs_with_their_words() -> None:
    loose = re.compile(r"[^\u00a0\u202f][;!?»]|\w:(?=\s|$)| :|«[^\u00a0]|\w'\w")
    for message in whole("fr"):
        for text in texts_of(message):
            plain = re.sub(r"https?://\S+|\{\{.*?\}\}|%\(\w+\)[sd]", "x", text)
            assert not loose.search(plain), text


def test_russian_puts_no_full_stop_after_a_date() -> None:
    # A Russian date ends with one of its own, after the word for year.
    for message in whole("ru"):
        for text in texts_of(message):
            assert "%(day)s." not in text, text


@pytest.mark.parametrize(
    ("count", "form"),
    [
        *((0, 2), (1, 0), (2, 1), (4, 1), (5, 2), (11, 2), (12, 2), (14, 2), (21, 0), (22, 1)),
        *((25, 2), (100, 2), (101, 0), (102, 1), (111, 2), (1_000_000, 2)),
    ],
)
@pytest.mark.check("I7")
def test_russian_counts_by_its_own_classes(count: int, form: int) -> None:
    source = counted("ru")
    russian = Catalogues()
    russian.load(TRANSLATIONS)
    with speaking("ru"):
        assert russian.current().ngettext(*key_of(source), count) == texts_of(source)[form]


# ux.md I7: where the classes change in one language or another.
COUNTS = (0, 1, 2, 3, 4, 5, 10, 11, 12, 14, 21, 22, 25, 100, 101, 102, 111, 1_000_000)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.check("I7")
def test_every_counted_sentence_takes_the_form_of_its_class(language: str) -> None:
    """The class that CLDR gives a number, for each sentence with a number in it."""
    spoken = Catalogues()
    spoken.load(TRANSLATIONS)
    kept = CLASSES[language]
    plural_form = Locale.parse(language).plural_form
    tried = 0
    for message in whole(language):
        if not message.pluralizable:
            continue
        texts = texts_of(message)
        for count in COUNTS:
            named = plural_form(count)
            form = kept.index(named if named in kept else kept[-1])
            with speaking(language):
                assert spoken.current().ngettext(*key_of(message), count) == texts[form], count
            tried += 1
    assert tried >= len(COUNTS) * 10


@pytest.mark.check("I8")
def test_no_sentence_is_built_of_pieces() -> None:
    """A piece begins or ends with a space or leaves a hole unnamed; glue stands between two."""
    for audience in ("messages", "desk"):
        for message in strings.templates()[audience]:
            for text in key_of(message) if message.id else ():
                assert text == text.strip(), text
                assert not HOLE.fullmatch(text), text
                assert not re.search(r"%[sd]|\{\d*\}", text), text
    sources = [*(ROOT / "app").rglob("*.py"), *(ROOT / "templates").rglob("*.*")]
    glued = re.compile(
        r"(?:\b_|gettext)\((?:\"[^\"]*\"|'[^']*')\)\s*[+~]|[+~]\s*(?:\b_|gettext)\("
        r"|\{%-? endtrans -?%\}[ ]?\{%-? trans\b"
    )
    found = {
        str(path.relative_to(ROOT)): pieces
        for path in sources
        if (pieces := glued.findall(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_the_desk_speaks_the_languages_that_have_a_catalogue_for_it() -> None:
    spoken = Catalogues()
    spoken.load(TRANSLATIONS)
    assert spoken.languages == ("en", *LANGUAGES)
    assert spoken.of_desk == ("en", *DESK)


def test_arabic_has_its_own_signs_and_no_hidden_ones() -> None:
    for message in messages("ar"):
        for text in texts_of(message):
            names = r"%\(\w+\)[sd]|\(mail \w+\)|\S+@\S+|\b(PDF|JSON|WCAG|AAA?)\b"
            plain = re.sub(names, "", text)
            assert not re.search(r"[A-Za-z,;?]", plain), text
            assert not re.search(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]", text), text


@pytest.mark.parametrize(("count", "form"), [(0, 0), (1, 0), (2, 1), (21, 1), (1_000_000, 1)])
@pytest.mark.check("I7")
def test_french_counts_nothing_as_one(count: int, form: int) -> None:
    source = counted("fr")
    french = Catalogues()
    french.load(TRANSLATIONS)
    with speaking("fr"):
        assert french.current().ngettext(*key_of(source), count) == texts_of(source)[form]
