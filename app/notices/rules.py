"""Every notice there is, and the values it is written with: all of them, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# What each value is. Texts are plain text in the reader's language wherever there is one; links are
# whole addresses; counts are whole numbers; moments carry their zone.
VALUES: Final[Mapping[str, str]] = {
    "title": "str: the campaign's title, in the reader's language or the nearest there is",
    "title_language": "str: the language that title is in",
    "sensitive": "bool: the subject line names neither campaign nor letter",
    "targets": "list[str]: the offices, as a list calls them",
    "letter_language": "str: the language the letter is in",
    "confirm_link": "str: the page with the button that says yes",
    "link_ends_at": "datetime: the first instant at which that button no longer works",
    "forget_days": "int: an address that never said yes is deleted within so many days",
    "closes_at": "datetime: campaign.closes_at, the first instant that is too late",
    "time_zone": "str: campaign.time_zone",
    "written_on": "date: the day the letter was first written",
    "status_link": "str: the page that says what became of the letters",
    "campaign_link": "str: the public page",
    "handed_over": "list[str]: the offices whose mail server has taken the letter",
    "faxed": "list[str]: the offices whose letter went by fax, their e-mail having failed",
    "to_print": "list[str]: the offices that no letter of ours reaches by e-mail",
    "letters": "list[Enclosed]: the letters as they were sent",
    "deleted_on": "date: the day name and address are deleted",
    "office": "str: the office whose address refused the letter",
    "ways": "list[str]: its other channels: post, fax, form, phone",
    "times": "int: how many reminders will come at most",
    "hours_left": "int: full hours until the deadline",
    "letters_so_far": "int | None: letters handed over, None where it may not be told",
    "stop_link": "str: the page with the button that ends the reminders (also one click)",
    "reason": "str: did_not_leave: deadline, stopped, withdrawn · held: as in the outbox"
    " · closed: a ClosedReason",
    "letters_handed_over": "int: letters that mail servers have taken",
    "letters_held": "int: letters that have come to wait for a person",
    "address": "str: the e-mail address of an office that does not exist, says a mail server",
    "book_link": "str: the office in the address book",
    "letters_waiting": "int: letters in the outbox",
    "letters_cancelled": "int: letters that did not leave",
    "unconfirmed": "int: signatures that wait for their button",
    "ask_section": "bool: past its date the page sends readers to the section",
    "extend_link": "str: the desk page that gives a new date",
    "close_link": "str: the desk page that closes",
    "review_link": "str: the desk page of the review",
    "desk_link": "str: the desk page of the campaign",
    "by_name": "str: the colleague who did it, empty where the clock did",
    "languages": "list[str]: the languages the campaign is written in",
    "target_count": "int: how many offices are written to",
    "approved": "bool: published, or returned with a note",
    "note": "str: what the reviewer wrote, empty if nothing · facts_changed: what is new",
    "days": "int: how many days ago it closed",
    "outcome_link": "str: the desk page that says what happened",
    "closed_at": "datetime: the instant at which it closed",
}

_ABOUT: Final = ("title", "title_language", "sensitive")
_TO_STAFF: Final = ("title", "title_language")


class WrongValues(Exception):
    """A notice was asked for with values missing, or with some that it has no place for."""


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A letter inside a notice: to whom, in which language, and its text."""

    to: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What a notice is written with; `one_click` is the value List-Unsubscribe points at."""

    values: frozenset[str]
    one_click: str = ""


def _notice(*values: str, one_click: str = "") -> Notice:
    return Notice(frozenset(values), one_click)


NOTICES: Final[Mapping[str, Notice]] = {
    # To supporters, about their own act only.
    "confirm": _notice(
        *_ABOUT,
        "targets",
        "letter_language",
        "confirm_link",
        "link_ends_at",
        "time_zone",
        "forget_days",
    ),
    "confirm_reminder": _notice(
        *_ABOUT,
        "targets",
        "letter_language",
        "confirm_link",
        "link_ends_at",
        "time_zone",
        "forget_days",
    ),
    "already_wrote": _notice(*_ABOUT, "targets", "written_on", "status_link"),
    "thank_you": _notice(
        *_ABOUT, "handed_over", "faxed", "to_print", "letters", "status_link", "deleted_on"
    ),
    "not_delivered": _notice(*_ABOUT, "office", "ways", "status_link"),
    "answer": _notice(*_ABOUT, "office"),
    "held": _notice(*_ABOUT, "office", "reason", "status_link"),
    "facts_changed": _notice(*_ABOUT, "note", "targets", "closes_at", "time_zone", "status_link"),
    "did_not_leave": _notice(
        *_ABOUT, "targets", "reason", "closes_at", "time_zone", "status_link", "ask_section"
    ),
    # To people who asked to be reminded.
    "remind_confirm": _notice(
        *_ABOUT, "times", "confirm_link", "link_ends_at", "closes_at", "time_zone", "forget_days"
    ),
    "reminder": _notice(
        *_ABOUT,
        "hours_left",
        "closes_at",
        "time_zone",
        "letters_so_far",
        "campaign_link",
        "stop_link",
        one_click="stop_link",
    ),
    # To the people at the desk.
    "review_wanted": _notice(
        *_TO_STAFF,
        "by_name",
        "languages",
        "target_count",
        "closes_at",
        "time_zone",
        "review_link",
    ),
    "review_decided": _notice(
        *_TO_STAFF, "by_name", "approved", "note", "campaign_link", "desk_link"
    ),
    "deadline_warning": _notice(
        *_TO_STAFF,
        "hours_left",
        "closes_at",
        "time_zone",
        "letters_handed_over",
        "letters_waiting",
        "unconfirmed",
        "ask_section",
        "extend_link",
        "close_link",
    ),
    "letters_held": _notice(*_TO_STAFF, "letters_held", "desk_link"),
    "address_doubtful": _notice(*_TO_STAFF, "office", "address", "book_link"),
    "outcome_wanted": _notice(
        *_TO_STAFF, "closed_at", "time_zone", "days", "letters_handed_over", "outcome_link"
    ),
    "closed": _notice(
        *_TO_STAFF,
        "closed_at",
        "time_zone",
        "reason",
        "by_name",
        "letters_handed_over",
        "letters_cancelled",
        "desk_link",
        "extend_link",
    ),
}


def require_values(name: str, values: Mapping[str, object]) -> None:
    """Refuse a notice with a value missing: found here, and not by the reader of the mail."""
    wanted = NOTICES[name].values
    missing, unknown = sorted(wanted - values.keys()), sorted(values.keys() - wanted)
    if missing or unknown:
        raise WrongValues(f"{name}: missing {missing}, unknown {unknown}")
