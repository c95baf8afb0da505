"""The holes a letter may have: one list for the editor's help, the rules and the renderer."""

from __future__ import annotations

from dataclasses import dataclass

from babel.support import LazyProxy

from app.core.i18n import lazy_gettext

OWN_SENTENCE = "own_sentence"
DEMANDS = "demands"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A name that an organiser writes in double braces, and what comes to stand there."""

    name: str
    description: LazyProxy
    example: str


PLACEHOLDERS = (
    Placeholder(
        "salutation",
        lazy_gettext("The form of address of the recipient."),
        "Dear Mr President,",
    ),
    Placeholder(
        "closing",
        lazy_gettext("The closing formula that belongs to the recipient."),
        "Yours respectfully,",
    ),
    Placeholder(
        "target_role",
        lazy_gettext("The office of the recipient."),
        "Minister of Justice",
    ),
    Placeholder(
        "target_name",
        lazy_gettext("The name of the recipient, if the office has one."),
        "Alma Example",
    ),
    Placeholder(
        "target_institution",
        lazy_gettext("The institution of the recipient."),
        "Ministry of Justice",
    ),
    Placeholder(
        "writer_name",
        lazy_gettext("The name of the person who writes the letter."),
        "Sam Supporter",
    ),
    Placeholder(
        "writer_country",
        lazy_gettext("The country that the writer lives in."),
        "Switzerland",
    ),
    Placeholder(
        OWN_SENTENCE,
        lazy_gettext(
            "What the writer says in their own words. A paragraph of its own, in the body only; "
            "it vanishes when the writer adds nothing."
        ),
        "I am a teacher, and I ask you as one.",
    ),
    Placeholder(
        "person_name",
        lazy_gettext("The name of the person concerned, or all names joined as in a sentence."),
        "Ada Prisoner and Ben Prisoner",
    ),
    Placeholder(
        "date",
        lazy_gettext("The date of the letter, written out."),
        "12 May 2026",
    ),
    Placeholder(
        DEMANDS,
        lazy_gettext(
            "Everything that this audience is asked to do. A paragraph of its own, in the body "
            "only; several demands are numbered."
        ),
        "Please release Ada Prisoner immediately.",
    ),
)

NAMES = frozenset(placeholder.name for placeholder in PLACEHOLDERS)
