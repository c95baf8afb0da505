"""The words for what the rooms refuse: the same at the field and in the summary on top."""

from __future__ import annotations

from collections.abc import Mapping

from app.core.i18n import lazy_gettext, ngettext
from app.signatures.rules import FieldError

# In the order of the page, so that the summary leads down it.
FIELDS = (
    "targets",
    "letter_language",
    "sentence",
    "name",
    "email",
    "country",
    "town",
    "about",
    "alias",
    "consent",
)

REFUSALS = {
    "name_empty": lazy_gettext("Enter the name you want under the letter"),
    "name_picture": lazy_gettext(
        "Write the name in letters, please: not every recipient can see the little picture"
    ),
    "name_has_written": lazy_gettext(
        "Somebody of this name has written from your address already. Choose another name"
    ),
    "email_empty": lazy_gettext("Enter your e-mail address, or choose “Copy or print”"),
    "email_malformed": lazy_gettext("Enter an e-mail address like name@example.org"),
    "email_is_target": lazy_gettext(
        "This is an address of a recipient. Enter your own e-mail address"
    ),
    "country_empty": lazy_gettext("Choose a country, or “I prefer not to say”"),
    "targets_empty": lazy_gettext("Choose at least one recipient"),
    "alias_empty": lazy_gettext("Write what should stand under the letter instead of your name"),
    "consent_missing": lazy_gettext("Tick the box if you agree. Without it we send nothing"),
    "letter_language_unknown": lazy_gettext("Choose the language of your letter from the list"),
}

UNPRINTED = {
    "name": lazy_gettext("The name holds a character that cannot be printed. Remove it, please"),
    "sentence": lazy_gettext(
        "The sentence holds a character that cannot be printed. Remove it, please"
    ),
    "alias": lazy_gettext("The name holds a character that cannot be printed. Remove it, please"),
    "town": lazy_gettext("The town holds a character that cannot be printed. Remove it, please"),
    "": lazy_gettext("The text holds a character that cannot be printed. Remove it, please"),
}


def words_for(errors: Mapping[str, FieldError]) -> dict[str, str]:
    """A sentence for each refused field, in the order of the page."""
    bodies = sorted(field for field in errors if field.startswith("body-"))
    return {field: _words(field, errors[field]) for field in (*FIELDS, *bodies) if field in errors}


def _words(field: str, error: FieldError) -> str:
    match error.code:
        case "bad_characters":
            return str(UNPRINTED.get(field, UNPRINTED[""]))
        case "name_too_long" | "alias_too_long":
            return ngettext(
                "The name is %(n)d character too long",
                "The name is %(n)d characters too long",
                error.excess,
            )
        case "sentence_too_long":
            return ngettext(
                "Your sentence is %(n)d character too long",
                "Your sentence is %(n)d characters too long",
                error.excess,
            )
        case "town_too_long" | "about_too_long" | "body_too_long":
            return ngettext(
                "This text is %(n)d character too long",
                "This text is %(n)d characters too long",
                error.excess,
            )
    return str(REFUSALS[error.code])
