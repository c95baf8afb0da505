"""What the desk says about a field that it refuses: the rooms give codes, this gives sentences."""

from __future__ import annotations

from collections.abc import Mapping

from babel.support import LazyProxy

from app.core.forms import Flaw
from app.core.i18n import gettext, lazy_gettext, ngettext

# By field and code; the field's name is the part before the first hyphen.
_OF_FIELD: Mapping[tuple[str, str], LazyProxy] = {
    ("title", "missing"): lazy_gettext("Enter a title"),
    ("title", "last_language"): lazy_gettext(
        "This is the only language of the page. Write another one before you empty this one"
    ),
    ("case_title", "missing"): lazy_gettext("Enter a working title for the case"),
    ("country", "missing"): lazy_gettext("Choose a country"),
    ("language", "missing"): lazy_gettext("Choose a language"),
    ("document_language", "missing"): lazy_gettext("Choose the language of the document"),
    ("letter_languages", "missing"): lazy_gettext("Choose at least one language for the letters"),
    ("subject", "missing"): lazy_gettext("Enter a subject for the letter"),
    ("body", "missing"): lazy_gettext("Enter the text of the letter"),
    ("name", "missing"): lazy_gettext("Enter a name"),
    ("consent", "missing"): lazy_gettext("Say whether the person agrees to publicity"),
    ("last_day", "missing"): lazy_gettext("Enter the last day of the action"),
    ("opens_day", "missing"): lazy_gettext("Enter the day of the opening, or leave the time empty"),
    ("opens_day", "past"): lazy_gettext("This moment has passed. Leave it empty to open at once"),
    ("opens_day", "after_the_end"): lazy_gettext("The opening must come before the last minute"),
    ("last_day", "past"): lazy_gettext("This moment has passed. Choose a later day"),
    ("kind", "missing"): lazy_gettext("Choose what kind it is"),
    ("state", "missing"): lazy_gettext("Choose whether it works"),
    ("value", "missing"): lazy_gettext("Enter the address or number, or tick “Remove”"),
    ("salutation", "missing"): lazy_gettext("Enter the form of address"),
    ("closing", "missing"): lazy_gettext("Enter the closing formula"),
    ("note", "missing"): lazy_gettext("Write one line"),
    ("form_name", "missing"): lazy_gettext("Give the form a name, like worried"),
    ("form_neutral", "missing"): lazy_gettext("Enter the text that stands when nothing else fits"),
    ("outcome", "missing"): lazy_gettext("Choose what happened"),
    ("happened_on", "missing"): lazy_gettext("Enter the day on which it happened"),
    ("happened_on", "not_yet"): lazy_gettext("This day has not come yet"),
    ("way", "missing"): lazy_gettext("Choose what becomes of the letters that wait"),
    ("reason", "missing"): lazy_gettext("Choose why the campaign closes"),
    ("tick", "changed_meanwhile"): lazy_gettext(
        "The campaign was changed since you opened this page. Look at it again"
    ),
    ("tick", "missing"): lazy_gettext("Tick each line when you have checked it"),
    ("email", "missing"): lazy_gettext("Enter your e-mail address"),
    ("password", "missing"): lazy_gettext("Enter your password"),
}
_OF_CODE: Mapping[str, LazyProxy] = {
    "missing": lazy_gettext("Fill in this field"),
    "bad_characters": lazy_gettext(
        "This text holds an invisible or combined character that could mislead readers. "
        "Type the place around it again"
    ),
    "too_many_words": lazy_gettext("Say it in 80 words at most"),
    "choose_group": lazy_gettext("Choose who is asked"),
    "no_number": lazy_gettext("Enter a whole number, like 1"),
    "no_date": lazy_gettext("Enter a date like 2026-05-12"),
    "no_time": lazy_gettext("Enter a time like 23:59"),
    "no_embassy": lazy_gettext("Choose the country it is in, not the one it stands for"),
    "no_zone": lazy_gettext("Choose a place for the time"),
    "past": lazy_gettext("This moment has passed"),
    "no_ceiling": lazy_gettext("Enter a whole number from 1 on, or nothing"),
    "no_hours": lazy_gettext("Enter hours like 09:00-17:00"),
    "no_slug": lazy_gettext("Use Latin letters, digits and single hyphens only"),
    "no_country": lazy_gettext("One of these countries is not known. Use two letters each"),
    "no_language": lazy_gettext("One of these languages is not known"),
    "group_in_use": lazy_gettext(
        "Somebody is still written to or asked in this group. Move them first"
    ),
    "last_group": lazy_gettext("A campaign needs at least one group"),
    "not_in_address_book": lazy_gettext("Choose an office from the address book"),
    "twice": lazy_gettext("This office is in the list already"),
    "no_office": lazy_gettext("Describe the office in at least one language"),
    "no_title": lazy_gettext("Enter a role, an institution or a name"),
    "bad_address": lazy_gettext("Enter an e-mail address like name@example.org"),
    "no_web_address": lazy_gettext("Enter an address like https://www.example.org/contact"),
    "no_phone_number": lazy_gettext("Enter a number like +41 22 555 01 23"),
    "wrong_sign_in": lazy_gettext("E-mail address and password do not fit. Check both"),
    "too_many_tries": lazy_gettext("Too many tries. Wait a quarter of an hour, then try again"),
    "wrong_password": lazy_gettext("This is not your present password"),
    "password_too_short": lazy_gettext("Use at least 15 characters; a sentence is easy to keep"),
    "password_too_long": lazy_gettext("Use at most 256 characters"),
}
# Of letter templates; each is told with its line.
_OF_TEMPLATE: Mapping[str, LazyProxy] = {
    "syntax": lazy_gettext(
        "Line %(line)s: the braces of a placeholder are not closed or not opened"
    ),
    "not_allowed": lazy_gettext("Line %(line)s: “%(detail)s” cannot stand in a letter"),
    "unknown_placeholder": lazy_gettext("Line %(line)s: there is no placeholder “%(detail)s”"),
    "own_sentence_missing": lazy_gettext(
        "Give the writer's own sentence a paragraph: {{ own_sentence }}"
    ),
    "own_sentence_repeated": lazy_gettext(
        "Line %(line)s: the writer's own sentence can stand only once"
    ),
    "own_sentence_not_alone": lazy_gettext(
        "Line %(line)s: leave an empty line before and after {{ own_sentence }}"
    ),
    "demands_missing": lazy_gettext("Give the demands a paragraph: {{ demands }}"),
    "demands_repeated": lazy_gettext("Line %(line)s: the demands can stand only once"),
    "demands_not_alone": lazy_gettext(
        "Line %(line)s: leave an empty line before and after {{ demands }}"
    ),
    "too_many_holes": lazy_gettext("There are too many placeholders in this letter"),
    "too_deep": lazy_gettext("Line %(line)s: these conditions stand too deep in each other"),
    "condition_repeated": lazy_gettext(
        "Line %(line)s: “%(detail)s” has been asked already on the way here"
    ),
    "neutral_missing": lazy_gettext("Enter the text that stands when nothing else fits"),
    "place_missing": lazy_gettext(
        "There are variants, but the letter has no paragraph {{ %(detail)s }} for them"
    ),
    "place_repeated": lazy_gettext("Line %(line)s: {{ %(detail)s }} can stand only once"),
    "place_not_alone": lazy_gettext(
        "Line %(line)s: leave an empty line before and after {{ %(detail)s }}"
    ),
    "form_name": lazy_gettext(
        "Use another name: small Latin letters, digits and underscores, and no word that letters "
        "know already"
    ),
    "form_twice": lazy_gettext("Two forms have this name. Give one of them another"),
    "form_cases": lazy_gettext(
        "A form agrees either with the writer or with the people concerned; the texts for two and "
        "for several belong to people concerned only"
    ),
    "form_text": lazy_gettext("The text of a form is a few words on one line, without braces"),
    "form_unused": lazy_gettext("The form “%(detail)s” stands nowhere in the letter"),
    "variant_count": lazy_gettext("Write two to four variants, or none"),
    "variant_repeated": lazy_gettext("This variant is the same as another one"),
    "variant_not_one_paragraph": lazy_gettext("A variant is one paragraph, without empty lines"),
}


def explain(name: str, flaw: Flaw) -> str:
    """One sentence about one field."""
    if flaw.code == "too_long":
        over = int(flaw.detail or 0)
        return ngettext(
            "This is %(n)s character too long", "This is %(n)s characters too long", over
        )
    if flaw.code in _OF_TEMPLATE:
        return str(_OF_TEMPLATE[flaw.code]) % {"line": flaw.line, "detail": flaw.detail}
    words = _OF_FIELD.get((name.split("-", 1)[0], flaw.code)) or _OF_CODE.get(flaw.code)
    return str(words) if words is not None else gettext("This cannot be saved as it is")


def explain_all(errors: Mapping[str, Flaw]) -> dict[str, str]:
    return {name: explain(name, flaw) for name, flaw in errors.items()}
