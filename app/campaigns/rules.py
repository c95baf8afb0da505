"""What a campaign may do next, whether it takes letters now, and when its end is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from app.campaigns.models import Campaign, CampaignState, LetterTemplate, TargetKind
from app.core.errors import Refused

CLOSING_SOON = timedelta(hours=72)

MOVES: dict[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset((CampaignState.IN_REVIEW,)),
    CampaignState.IN_REVIEW: frozenset(
        (CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.OPEN)
    ),
    CampaignState.SCHEDULED: frozenset((CampaignState.OPEN, CampaignState.DRAFT)),
    CampaignState.OPEN: frozenset((CampaignState.PAUSED, CampaignState.CLOSED)),
    CampaignState.PAUSED: frozenset((CampaignState.OPEN, CampaignState.CLOSED)),
    # Only an expired campaign opens again, by a new deadline; `require_extendable` sees to it.
    CampaignState.CLOSED: frozenset((CampaignState.OPEN,)),
}
PUBLIC_STATES = (CampaignState.OPEN, CampaignState.PAUSED, CampaignState.CLOSED)
EDITABLE_STATES = (CampaignState.DRAFT, CampaignState.IN_REVIEW)


class WrongMove(Refused):
    """A campaign cannot go from where it stands to where it was sent."""

    code = "wrong_move"


class CampaignClosed(Refused):
    """The campaign takes no letters: its date has passed, or it was closed."""

    code = "campaign_closed"


class CampaignPaused(Refused):
    """The campaign takes no letters while its facts are being checked."""

    code = "campaign_paused"


class CampaignHidden(Refused):
    """The campaign was taken away from the public."""

    code = "campaign_hidden"


class NotReady(Refused):
    """Something a reader or a letter needs is missing; `missing` says what, as codes."""

    code = "not_ready"

    def __init__(self, missing: list[str]) -> None:
        super().__init__(", ".join(missing))
        self.missing = missing


class OwnReview(Refused):
    """Nothing is published by the person who wrote it, or asked for it, alone."""

    code = "own_review"


class BadDeadline(Refused):
    """The deadline cannot be used: it has passed, or its zone or time is unknown."""

    code = "bad_deadline"


class PageState(StrEnum):
    """What the public sees: the stored state and what follows from the clock."""

    NOT_PUBLIC = "not_public"
    OPEN = "open"
    CLOSING_SOON = "closing_soon"
    PAST_DATE = "past_date"
    PAUSED = "paused"
    CLOSED = "closed"
    HIDDEN = "hidden"

    @property
    def takes_letters(self) -> bool:
        return self in (PageState.OPEN, PageState.CLOSING_SOON)


def page_state(campaign: Campaign, now: datetime) -> PageState:
    """What the public page says at this moment."""
    if campaign.state not in PUBLIC_STATES:
        return PageState.NOT_PUBLIC
    if campaign.hidden:
        return PageState.HIDDEN
    if campaign.state is CampaignState.CLOSED:
        return PageState.PAST_DATE if campaign.closed_reason == "expired" else PageState.CLOSED
    # The clock decides, not the job that closes: that one only records what is already true.
    if campaign.closes_at is None or campaign.closes_at <= now:
        return PageState.PAST_DATE
    if campaign.state is CampaignState.PAUSED:
        return PageState.PAUSED
    return PageState.CLOSING_SOON if campaign.closes_at - now <= CLOSING_SOON else PageState.OPEN


def is_open_at(campaign: Campaign, now: datetime) -> bool:
    return page_state(campaign, now).takes_letters


def require_accepting(campaign: Campaign, now: datetime) -> None:
    """Refuse a signature or a confirmation that the campaign does not take at this moment."""
    state = page_state(campaign, now)
    if state is PageState.HIDDEN:
        raise CampaignHidden
    if state is PageState.PAUSED:
        raise CampaignPaused
    if not state.takes_letters:
        raise CampaignClosed


def require_move(campaign: Campaign, to: CampaignState) -> None:
    if to not in MOVES[campaign.state]:
        raise WrongMove(f"{campaign.state} -> {to}")


def require_editable(campaign: Campaign) -> None:
    if campaign.state not in EDITABLE_STATES:
        raise WrongMove(f"{campaign.state} is not edited")


def closes_at(last_day: date, last_time: str, zone: str) -> datetime:
    """The first instant that is too late, in UTC: the end of the last shown minute.

    `last_time` is "HH:MM" on the wall clock of `zone`. Where the clocks go back over that minute
    it happens twice, and where they go forward it does not happen at all; the later reading counts,
    so that nobody is cut off before the time that the page showed.
    """
    if zone not in available_timezones():
        raise BadDeadline
    try:
        shown = time.fromisoformat(last_time)
    except ValueError as error:
        raise BadDeadline from error
    readings = (
        datetime.combine(last_day, shown, ZoneInfo(zone)).replace(fold=fold) for fold in (0, 1)
    )
    return max(reading.astimezone(UTC) for reading in readings) + timedelta(minutes=1)


def opens_at(day: date, time_of_day: str, zone: str) -> datetime:
    """The instant, in UTC, at which clocks in `zone` show that time; the first, if they do twice.

    A time that the clocks jump over is read as they stood before the jump, which is an hour later
    on the new clock.
    """
    moment = datetime.combine(day, time.fromisoformat(time_of_day), ZoneInfo(zone))
    return moment.astimezone(UTC)


def missing_for_review(
    campaign: Campaign, templates: Mapping[tuple[UUID, str], LetterTemplate]
) -> list[str]:
    """What a campaign lacks before it can be shown to a second person, as codes."""
    missing: list[str] = []
    if not any(_is_whole(text.title, text.standfirst, text.we_ask) for text in campaign.texts):
        missing.append("text")
    if any(not _is_whole(text.title, text.standfirst, text.we_ask) for text in campaign.texts):
        missing.append("text_unfinished")
    if not campaign.country:
        missing.append("country")
    if not campaign.people:
        missing.append("people")
    if not campaign.demands:
        missing.append("demands")
    if not any(target.kind is TargetKind.TO for target in campaign.targets):
        missing.append("targets")
    if campaign.closes_at is None:
        missing.append("deadline")
    if not campaign.letter_languages:
        missing.append("letter_languages")
    missing.extend(_missing_letters(campaign, templates))
    return missing


def _missing_letters(
    campaign: Campaign, templates: Mapping[tuple[UUID, str], LetterTemplate]
) -> list[str]:
    missing = []
    used = {target.audience_id for target in campaign.targets}
    for audience in campaign.audiences:
        if audience.id not in used:
            continue
        languages = [language for kind, language in templates if kind == audience.id]
        if not languages:
            missing.append("letters")
        for demand in campaign.demands:
            if audience in demand.audiences and not _has_all(demand.texts, languages):
                missing.append("demand_language")  # noqa: PERF401 - a loop reads as what it says
        missing.extend(
            "office_language"
            for target in campaign.targets
            if target.audience_id == audience.id
            and not {office.language for office in target.authority.offices} >= set(languages)
        )
    return sorted(set(missing))


def _has_all(texts: Mapping[str, str], languages: Collection[str]) -> bool:
    return all(texts.get(language, "").strip() for language in languages)


def _is_whole(*parts: str) -> bool:
    return all(part.strip() for part in parts)
