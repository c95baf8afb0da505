"""What is told of a finding, a note and a refusal: the readers and the parser give codes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from babel.support import LazyProxy

from app.core.i18n import gettext, lazy_gettext
from app.intake.plan import Finding, Own, detail_of
from app.intake.readers.document import Note, NoteCode, Reason, Unreadable

# Why a person has to look at a value.
_CHECK: Mapping[str, LazyProxy] = {
    Own.COMPOSED: lazy_gettext(
        "The document has no letter. This one was put together from what it asks for"
    ),
    Own.ASK_ASSUMED: lazy_gettext(
        "No sentence of the letter is known as the one that asks, so the last one was taken"
    ),
    Own.PAST: lazy_gettext("This day has passed. The draft shows it and needs a new last day"),
    Own.KIND_UNSURE: lazy_gettext("It may be no urgent action at all: read it before you go on"),
    "misspelt_closing": lazy_gettext(
        "“%(detail)s” seems to be misspelt. It was kept as it is printed"
    ),
    "cannot_be_dialled": lazy_gettext("As it is printed, this number cannot be dialled"),
    "known_organisation": lazy_gettext("The document speaks of it and does not say who issued it"),
    "organisation_name": lazy_gettext("It looks like the name of an organisation"),
    "spoken_of": lazy_gettext("The document speaks of them and does not say whom it is for"),
    "first_line": lazy_gettext("It was taken from the first line of an address"),
    "email_in_sentence": lazy_gettext("The address stands in a sentence, not beside an office"),
    "veiled_address": lazy_gettext("The address was written so that no program would find it"),
    "copy_in_prose": lazy_gettext("The copy is asked for in a sentence, not in a list"),
    "country_named": lazy_gettext("Several countries are named; this one comes first"),
    "reference_late": lazy_gettext("The number stands far down and may be of another document"),
    "number_without_label": lazy_gettext("No word says whether it is a phone or a fax number"),
    "two_dates": lazy_gettext("The document names two days"),
    "day_or_month_first": lazy_gettext("It does not show which is the day and which the month"),
    "year_is_guessed": lazy_gettext("The document does not print the year"),
    "date_line": lazy_gettext("It is the day of a line with a place, and may be of something else"),
    "common_words": lazy_gettext("It has few words, so its language is a guess"),
    "call_words": lazy_gettext("It asks to write, but names no clear recipients"),
    "heading": lazy_gettext("It is one of several lines that may be the title"),
    "speaker": lazy_gettext("It speaks in the document, and may not have issued it"),
    "sender": lazy_gettext("It sent the document, and may not have issued it"),
    "said_often": lazy_gettext(
        "The document says this name often, but nowhere that it is about them"
    ),
    "two_spellings": lazy_gettext("Elsewhere the document spells it “%(detail)s”"),
    "renamed_place": lazy_gettext("This place is called %(detail)s today"),
    "deadline_passed": lazy_gettext(
        "This day has passed. The draft shows it and needs a new last day"
    ),
    "look_alikes": lazy_gettext("Some words mix letters of two alphabets that look alike"),
    "wrong_encoding": lazy_gettext("Letters had been garbled on the way here and were repaired"),
}
# How a value was found, where no doubt is left.
_FOUND: Mapping[str, LazyProxy] = {
    "letter": lazy_gettext("It stands in the letter"),
    "closing_formula": lazy_gettext("It ends the letter"),
}
_UNREADABLE: Mapping[Reason, LazyProxy] = {
    Reason.EMPTY: lazy_gettext("There is no text in it. Paste the text, or choose another file"),
    Reason.TOO_LARGE: lazy_gettext(
        "The file is larger than %(detail)s MB. Paste the text of the action instead"
    ),
    Reason.TOO_LONG: lazy_gettext(
        "The text is longer than %(detail)s characters. Paste the pages of the action only"
    ),
    Reason.TOO_MANY_PAGES: lazy_gettext(
        "The file has %(detail)s pages. Paste the pages of the action only"
    ),
    Reason.TOO_HEAVY: lazy_gettext(
        "The file takes too much time or memory to open, so it was left. Paste the text instead"
    ),
    Reason.BINARY: lazy_gettext("This is no text. Choose a PDF, Word, web or text file"),
    Reason.UNKNOWN_KIND: lazy_gettext(
        "Files of this kind are not read. Choose a PDF, Word, OpenDocument, web, mail or text file"
    ),
    Reason.OLD_WORD: lazy_gettext(
        "This file was written by an old Word. Save it as .docx or PDF, or paste its text"
    ),
    Reason.RICH_TEXT: lazy_gettext("Save this file as .docx or PDF, or paste its text"),
    Reason.LOCKED: lazy_gettext("The file asks for a password. Save it without one"),
    Reason.BROKEN: lazy_gettext("The file is damaged or cut short. Paste the text instead"),
    Reason.SCAN: lazy_gettext(
        "There is no text on any of its pages (%(detail)s): it looks scanned. Paste the text "
        "instead"
    ),
}
_NOTES: Mapping[NoteCode, LazyProxy] = {
    NoteCode.ENCODING_GUESSED: lazy_gettext(
        "The file does not say how its letters are encoded; they were read as %(detail)s. Look at "
        "letters with accents"
    ),
    NoteCode.MOJIBAKE_REPAIRED: lazy_gettext(
        "Letters had been garbled on the way here and were repaired"
    ),
    NoteCode.PAGES_WITHOUT_TEXT: lazy_gettext(
        "These pages hold no text and were not read: %(detail)s"
    ),
    NoteCode.COLUMNS: lazy_gettext("Two columns were read one after the other"),
    NoteCode.HEADS_REMOVED: lazy_gettext("Page numbers and repeated page heads were left out"),
    NoteCode.RIGHT_TO_LEFT: lazy_gettext(
        "PDF files often lose the order of words written from right to left. Compare with the file"
    ),
    NoteCode.ATTACHMENT_READ: lazy_gettext("The file that came with the mail was read"),
}
_LABELS: Mapping[str, LazyProxy] = {
    "title": lazy_gettext("Title"),
    "organisation": lazy_gettext("Organisation that issued the document"),
    "number": lazy_gettext("Its number"),
    "country": lazy_gettext("Country where it happens"),
    "language": lazy_gettext("Language of the document"),
    "issued": lazy_gettext("Day it was issued"),
    "deadline": lazy_gettext("Last day for letters, that day included"),
    "letter_languages": lazy_gettext("Languages of the letters"),
    "person-name": lazy_gettext("Person concerned"),
    "person-pronoun": lazy_gettext("Pronoun"),
    "target-kind": lazy_gettext("Written to, or sent a copy"),
    "target-role": lazy_gettext("Office"),
    "target-name": lazy_gettext("Name of the recipient"),
    "target-address": lazy_gettext("Postal address"),
    "target-emails": lazy_gettext("E-mail addresses"),
    "target-phones": lazy_gettext("Phone numbers"),
    "target-faxes": lazy_gettext("Fax numbers"),
    "target-form": lazy_gettext("Contact form"),
    "target-salutation": lazy_gettext("Form of address"),
    "demand": lazy_gettext("What is asked for"),
    "subject": lazy_gettext("Subject of the letter"),
    "body": lazy_gettext("Text of the letter"),
    "closing": lazy_gettext("Closing formula"),
    "background": lazy_gettext("What happened"),
    "people": lazy_gettext("Who is in danger"),
    "targets": lazy_gettext("Whom to write to"),
    "letter": lazy_gettext("A letter, or demands to make one from"),
}
_NUMBERED = re.compile(r"-(\d+)(?=-|$)")


def label_of(field: str) -> str:
    """What a field of the plan is called; of several of a kind, with its number."""
    number = _NUMBERED.search(field)
    words = str(_LABELS.get(_NUMBERED.sub("", field), field))
    if number is None or number.group(1) == "1":
        return words
    return gettext("%(field)s (%(number)s)", field=words, number=number.group(1))


def told_of(finding: Finding) -> str:
    """One sentence on how a value was found, or why somebody has to look at it."""
    if finding.is_sure:
        return str(_FOUND.get(finding.reason) or gettext("It stands in the document"))
    for code in (finding.note, finding.reason):
        if code in _CHECK:
            return _filled(_CHECK[code], finding.note)
    return gettext("Compare this with the document: it may be read in more than one way")


def told_of_caution(code: str, parameters: Mapping[str, str]) -> str:
    """A remark of the parser on a passage."""
    words = _CHECK.get(code)
    if words is None:
        return gettext("Compare this with the document: it may be read in more than one way")
    return _filled(words, detail_of(parameters))


def told_of_note(note: Note) -> str:
    return _filled(_NOTES[note.code], note.detail)


def why_unreadable(refusal: Unreadable) -> str:
    return _filled(_UNREADABLE[refusal.reason], refusal.detail)


def _filled(words: LazyProxy, detail: str) -> str:
    said = str(words)
    return said % {"detail": detail} if "%(" in said else said
