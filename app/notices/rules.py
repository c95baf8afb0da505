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
    "stop_link": "str: the page with the button that ends these messages (also one click)",
    "done_link": "str: the page that says of a reminder: I have done it",
    "new_actions": "bool: every new urgent action is asked for",
    "countries": "list[str]: codes of the countries that new ones may be about; none: all",
    "weekly": "bool: one mail a week, and not each thing at once",
    "preferences_link": "str: the page on which a follower chooses, or stays",
    "choice_link": "str: the page that says of one action: done, or not this one",
    "old_closes_at": "datetime | None: the end before it was moved; None where it was not",
    "words": "str: what organisers wrote about it, in `words_language`; may be empty",
    "words_language": "str: the language of `words`",
    "outcome": "str: freed, charges_dropped, improved, no_change, worse or unknown",
    "happened_on": "date: the day of an outcome",
    "source": "str: who says so, empty if not told",
    "only_this": "bool: this follower asked about one action and not about new ones",
    "ends_on": "date: the day a follower's address is deleted",
    "we_ask": "str: the one sentence of the campaign, in `title_language`",
    "follows_up": "bool: the next action of a case that is followed",
    "news": "list[NewsItem]: what a week brought, the oldest first",
    "post_by": "date: posted on this day or before, a letter should arrive in time",
    "into_language": "str: the language that is translated into",
    "from_language": "str: the language that is translated from",
    "words_count": "int: how many words there are to translate",
    "wanted_by": "datetime | None: until when a translation is needed",
    "translate_link": "str: the guest's page with the text and a box",
    "letters_this_week": "int: letters handed over in the past seven days",
    "change_percent": "int | None: against an average week before; None where there was none",
    "on_course": "int: open actions that are on course for their goal",
    "open_actions": "int: all open actions",
    "needing_decision": "int: open actions that end within seven days",
    "letters_failed": "int: letters of the past seven days that did not arrive",
    "outcomes_known": "int: closed actions whose outcome is known",
    "closed_actions": "int: all closed actions",
    "rows": "list[DigestRow]: the open actions",
    "stats_link": "str: the coordinator's overview",
    "code": "str: the digits to sign in with; a space would turn them round in Arabic",
    "minutes": "int: how long those work",
    "invitation_link": "str: the page on which an account is set up",
    "report": "str: what was asked for, as its page calls it",
    "report_link": "str: the page of the finished report",
    "is_deleted": "bool: it has happened; otherwise it is about to",
    "own_data_link": "str: the page that shows and copies what is kept",
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
class NewsItem:
    """One thing that a week brought: `kind` as news are called, and the page to read it on."""

    kind: str
    title: str
    title_language: str
    link: str


@dataclass(frozen=True, slots=True)
class DigestRow:
    """One open action in the coordinator's summary."""

    title: str
    title_language: str
    letters: int
    days_left: int


@dataclass(frozen=True, slots=True)
class Notice:
    """What a notice is written with; `one_click` is the value List-Unsubscribe points at."""

    values: frozenset[str]
    one_click: str = ""


def _notice(*values: str, one_click: str = "") -> Notice:
    return Notice(frozenset(values), one_click)


def _bulk(*values: str) -> Notice:
    """To followers: each says how to choose and how to leave, and can be left with one click."""
    return _notice(*values, "preferences_link", "stop_link", one_click="stop_link")


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
        "done_link",
        "stop_link",
        one_click="stop_link",
    ),
    # To followers.
    "follow_confirm": _notice(
        "title",
        "title_language",
        "new_actions",
        "countries",
        "weekly",
        "confirm_link",
        "link_ends_at",
        "time_zone",
        "forget_days",
    ),
    "deadline_near": _bulk(
        *_ABOUT,
        "hours_left",
        "closes_at",
        "time_zone",
        "letters_so_far",
        "campaign_link",
        "choice_link",
    ),
    "campaign_changed": _bulk(
        *_ABOUT,
        "old_closes_at",
        "closes_at",
        "time_zone",
        "words",
        "words_language",
        "campaign_link",
    ),
    "outcome": _bulk(
        *_ABOUT,
        "outcome",
        "happened_on",
        "source",
        "words",
        "words_language",
        "only_this",
        "ends_on",
        "campaign_link",
    ),
    "new_action": _bulk(*_ABOUT, "we_ask", "follows_up", "closes_at", "time_zone", "campaign_link"),
    "weekly_news": _bulk("news"),
    "still_there": _bulk("ends_on"),
    # To writers: once each, and about their own letter.
    "not_posted": _notice(*_ABOUT, "targets", "post_by", "status_link"),
    "data_deletion": _notice(*_ABOUT, "is_deleted", "deleted_on", "own_data_link"),
    # To guests and to whoever has an account.
    "translation_wanted": _notice(
        *_TO_STAFF,
        "by_name",
        "from_language",
        "into_language",
        "words_count",
        "wanted_by",
        "time_zone",
        "note",
        "translate_link",
    ),
    "translation_received": _notice(*_TO_STAFF, "into_language", "desk_link"),
    "weekly_digest": _notice(
        "letters_this_week",
        "change_percent",
        "on_course",
        "open_actions",
        "needing_decision",
        "letters_failed",
        "outcomes_known",
        "closed_actions",
        "rows",
        "stats_link",
        "stop_link",
        one_click="stop_link",
    ),
    "sign_in_code": _notice("code", "minutes"),
    "invitation": _notice("by_name", "invitation_link", "link_ends_at", "time_zone"),
    "report_ready": _notice("report", "report_link", "link_ends_at", "time_zone"),
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
