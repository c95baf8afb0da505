"""What the clock does, how often, and with which function: the whole future on one screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.core.beside import Beside
from app.core.db import Database
from app.core.leases import forget_ticks
from app.core.throttle import forget_windows
from app.core.tokens import Keys
from app.delivery import booking
from app.delivery.actions import forget_expired
from app.followers import telling
from app.followers.deadlines import nudge
from app.intake.checks import forget_documents
from app.jobs.machine import Machine, clear_machine
from app.notices.links import Links
from app.notices.manners import REMINDERS_A_WEEK
from app.reminders import life
from app.reminders.actions import forget_requests, send_due
from app.reminders.post import ask_about_post
from app.reminders.staff import (
    ask_for_outcomes,
    tell_of_doubts,
    tell_of_held,
    warn_of_deadlines,
)
from app.reminders.weekly import begin_weeks
from app.signatures.digests import decide
from app.signatures.upkeep import (
    destroy_kept,
    forget_delivered,
    forget_unconfirmed,
    remind_unconfirmed,
    settle,
)
from app.tally.actions import fold

# Long enough that no tick of a job can come a second time after it; a week has one, and may be an
# hour longer than seven days.
KEEP_TICKS = timedelta(days=15)


@dataclass(frozen=True, slots=True)
class Work:
    """What a job is given: a transaction, the keys, the links for mails, the moment it is due.

    `beside` is the folder of what no restored backup may undo.
    """

    session: Session
    keys: Keys
    links: Links
    now: datetime
    beside: Beside
    # Whether this installation sends faxes by itself.
    fax: bool = False
    # How many reminders one person gets within seven days.
    a_week: int = REMINDERS_A_WEEK


@dataclass(frozen=True, slots=True)
class Job:
    """A name, a rhythm and one function, safe to run twice.

    `then` comes after the commit, for what lies outside of the database. If it is cut short, the
    next time does it.
    """

    name: str
    every: timedelta
    do: Callable[[Work], int | None]
    then: Callable[[Database, Machine, datetime], None] | None = None


def _desk(work: Work) -> life.Desk:
    return life.Desk(work.session, work.keys, work.links, work.now)


def _clean_up(work: Work) -> None:
    forget_ticks(work.session, work.now - KEEP_TICKS)
    forget_windows(work.session, work.now)
    booking.forget_windows(work.session, work.now)


SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

TIMETABLE = (
    Job("open-scheduled-campaigns", SECOND, lambda w: life.open_scheduled(_desk(w))),
    # Pages, confirmations and letters stop at the instant itself; this writes it down.
    Job("close-expired-campaigns", SECOND, lambda w: life.close_expired(_desk(w))),
    Job(
        "tell-writers",
        5 * SECOND,
        lambda w: settle(w.session, w.keys, links=w.links, now=w.now, fax=w.fax),
    ),
    Job(
        "remind-supporters",
        MINUTE,
        lambda w: send_due(w.session, w.keys, links=w.links, now=w.now, a_week=w.a_week),
    ),
    Job(
        "remind-followers",
        MINUTE,
        lambda w: nudge(w.session, w.keys, links=w.links, now=w.now, a_week=w.a_week),
    ),
    Job(
        "ask-about-post",
        MINUTE,
        lambda w: ask_about_post(w.session, w.keys, links=w.links, now=w.now, a_week=w.a_week),
    ),
    Job(
        "tell-followers",
        5 * SECOND,
        lambda w: telling.tell(w.session, w.keys, links=w.links, now=w.now),
    ),
    Job(
        "tell-followers-weekly",
        MINUTE,
        lambda w: telling.tell_weekly(w.session, w.keys, links=w.links, now=w.now),
    ),
    Job(
        "ask-followers-to-stay",
        HOUR,
        lambda w: telling.ask_to_stay(w.session, w.keys, links=w.links, now=w.now),
    ),
    Job(
        "remind-unconfirmed",
        MINUTE,
        lambda w: remind_unconfirmed(w.session, w.keys, links=w.links, now=w.now),
    ),
    Job(
        "warn-organisers",
        MINUTE,
        lambda w: warn_of_deadlines(w.session, w.keys, links=w.links, now=w.now),
    ),
    Job("open-digests", MINUTE, lambda w: decide(w.session, w.keys, w.now)),
    Job(
        "tell-of-held",
        MINUTE,
        lambda w: tell_of_held(w.session, w.keys, links=w.links, now=w.now),
    ),
    Job(
        "tell-of-doubts",
        MINUTE,
        lambda w: tell_of_doubts(w.session, w.keys, links=w.links, now=w.now),
    ),
    Job(
        "ask-for-outcomes",
        HOUR,
        lambda w: ask_for_outcomes(w.session, w.keys, links=w.links, now=w.now),
    ),
    Job("begin-weeks", MINUTE, lambda w: len(begin_weeks(w.session, w.now))),
    # Once a day would do; after a new release nobody wants to wait for it.
    Job("follow-clocks", HOUR, lambda w: life.follow_clocks(_desk(w))),
    Job("close-gaps", MINUTE, lambda w: booking.close_gaps(w.session, w.now)),
    Job("fold-counts", 10 * SECOND, lambda w: fold(w.session)),
    Job("forget-unconfirmed", HOUR, lambda w: forget_unconfirmed(w.session, w.now)),
    Job("forget-delivered", MINUTE, lambda w: forget_delivered(w.session, w.now)),
    Job("forget-requests", HOUR, lambda w: forget_requests(w.session, w.now)),
    Job("forget-followers", HOUR, lambda w: telling.forget_ended(w.session, w.now)),
    Job("forget-source-documents", HOUR, lambda w: forget_documents(w.session, w.now)),
    Job("forget-failed-words", HOUR, lambda w: forget_expired(w.session, w.now)),
    Job(
        "destroy-kept-data",
        HOUR,
        lambda w: destroy_kept(w.session, w.now, w.beside),
        then=clear_machine,
    ),
    Job("clean-up", HOUR, _clean_up),
)
