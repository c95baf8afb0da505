"""The holes a letter may have: one list for the editor's help, the rules and the renderer."""

from __future__ import annotations

from dataclasses import dataclass

from babel.support import LazyProxy

from app.core.i18n import lazy_gettext

OWN_SENTENCE = "own_sentence"
DEMANDS = "demands"
WRITER_ABOUT = "writer_about"
# What may stand behind a placeholder: {{ person_pronoun | upper_first }}
FILTERS = frozenset(("upper_first",))


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
        "writer_town",
        lazy_gettext("The town that the writer lives in; empty for those who do not say it."),
        "Bern",
    ),
    Placeholder(
        WRITER_ABOUT,
        lazy_gettext(
            "Who the writer is, in a line. A paragraph of its own, in the body only; it vanishes "
            "when the writer does not say it."
        ),
        "I am a teacher and live in Bern.",
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
        "person_pronoun",
        lazy_gettext("The pronoun of the person concerned, or the name where no pronoun is known."),
        "she",
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

# Where one of two to four approved variants comes to stand, in a paragraph of its own.
VARIANT_PLACES = (
    Placeholder(
        "opening",
        lazy_gettext("The first paragraph, in one of its approved variants."),
        "I write to you about Ada Prisoner.",
    ),
    Placeholder(
        "ask",
        lazy_gettext("The paragraph before the demands, in one of its approved variants."),
        "I therefore ask you:",
    ),
    Placeholder(
        "closing_line",
        lazy_gettext("The last paragraph, in one of its approved variants."),
        "Thank you for your time.",
    ),
)

# What `if` may ask.
CONDITIONS = (
    Placeholder(
        "feminine",
        lazy_gettext("The writer chose to speak of herself in the feminine."),
        "{% if feminine %}préoccupée{% else %}préoccupé·e{% endif %}",
    ),
    Placeholder(
        "masculine",
        lazy_gettext("The writer chose to speak of himself in the masculine."),
        "{% if masculine %}préoccupé{% else %}préoccupé·e{% endif %}",
    ),
    Placeholder(
        "neutral",
        lazy_gettext("The writer chose neither; so it is for everybody who chooses nothing."),
        "{% if neutral %}préoccupé·e{% endif %}",
    ),
    Placeholder(
        "person_feminine",
        lazy_gettext("The person concerned is a woman, or all of them are."),
        "{% if person_feminine %}détenue{% else %}détenu{% endif %}",
    ),
    Placeholder(
        "person_masculine",
        lazy_gettext("The person concerned is a man, or all of them are."),
        "{% if person_masculine %}his{% else %}their{% endif %}",
    ),
    Placeholder(
        "person_neutral",
        lazy_gettext("The pronoun of the person concerned is neither, or they are women and men."),
        "{% if person_neutral %}détenu·e{% endif %}",
    ),
    Placeholder(
        "person_two",
        lazy_gettext("There are two people concerned: for languages with a dual."),
        "{% if person_two %}هما{% endif %}",
    ),
    Placeholder(
        "person_several",
        lazy_gettext("There is more than one person concerned."),
        "{% if person_several %}are{% else %}is{% endif %}",
    ),
)

NAMES = frozenset(placeholder.name for placeholder in PLACEHOLDERS)
SLOTS = tuple(place.name for place in VARIANT_PLACES)
CONDITION_NAMES = frozenset(condition.name for condition in CONDITIONS)
