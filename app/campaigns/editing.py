"""What every saved form of the desk has in common: its checks, its conflicts, its traces.

The forms themselves are in `wording` (what people read) and `planning` (who, when, in what order).
A form is a frozen dataclass of what was typed. `opened` is the mark of what stood there when the
form was opened, so that two people on two screens never stop each other, and two on one screen
never overwrite each other unseen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.rules import require_heir
from app.audit.actions import note as audit
from app.campaigns.actions import create_draft, void_review
from app.campaigns.models import (
    Audience,
    Campaign,
    CampaignState,
    Demand,
    PersonConcerned,
    Target,
)
from app.campaigns.rules import EDITABLE_STATES, require_editable
from app.core.forms import Check, EditedMeanwhile, mark_of
from app.core.i18n import SOURCE, is_language
from app.core.tokens import Keys
from app.sections.models import Section

# The group that a new campaign starts with; most campaigns never need another.
FIRST_GROUP = {"en": "Authorities", "fr": "Autorités", "ru": "Органы власти"}
TITLE_AT_MOST = 160


@dataclass(frozen=True, slots=True)
class DraftForm:
    """What a new campaign starts from."""

    title: str
    language: str
    country: str


def start_draft(
    session: Session, keys: Keys, section: Section, form: DraftForm, *, by: Account, now: datetime
) -> Campaign:
    """A new campaign with its first text and its first group of recipients."""
    check = Check()
    title = check.line("title", form.title, at_most=TITLE_AT_MOST)
    check.needs("title", title)
    check.needs("country", form.country)
    check.needs("language", is_language(form.language) and form.language in section.languages)
    check.done()
    campaign = create_draft(
        session,
        keys,
        section,
        by,
        title=title,
        language=form.language,
        country=form.country,
        now=now,
    )
    names = {
        language: FIRST_GROUP.get(language, FIRST_GROUP[SOURCE]) for language in section.languages
    }
    session.add(Audience(campaign_id=campaign.id, key="authorities", position=1, names=names))
    session.flush()  # the overview that follows shows it
    return campaign


def lock(session: Session, campaign: Campaign) -> None:
    """Let one editor at a time go on from here, and see what the one before saved."""
    locked = select(Campaign.revision).where(Campaign.id == campaign.id).with_for_update()
    if session.scalar(locked) != campaign.revision:
        session.expire_all()


def require_unchanged(
    campaign: Campaign,
    stored: object,
    form: object,
    opened: str,
    *,
    also_in: Collection[CampaignState] = (),
) -> bool:
    """Whether there is anything to save; refuses what is no draft or was edited meanwhile."""
    if stored == form:
        return False
    if campaign.state not in also_in:
        require_editable(campaign)
    if mark_of(stored) != opened:
        raise EditedMeanwhile(stored)
    return True


def edited(session: Session, campaign: Campaign, by: Account, part: str, now: datetime) -> None:
    """Leave the traces of a saved edit; what a reviewer was looking at is no longer this."""
    campaign.revision += 1
    # Whoever wrote last is who must not publish: the second person looks at their words.
    campaign.written_by_id = by.id
    void_review(session, campaign, by, now)
    note_edit(session, campaign, by, part, now)


def note_edit(session: Session, campaign: Campaign, by: Account, part: str, now: datetime) -> None:
    """Who changed which part, in the log."""
    session.flush()  # rows that the log entry speaks of are there before it
    audit(
        session,
        str(by.id),
        "campaign.edited",
        about=("campaign", str(campaign.id)),
        now=now,
        part=part,
        revision=campaign.revision,
    )


Numbered = PersonConcerned | Demand | Target


def number(rows: Sequence[Numbered], order: Mapping[str, int]) -> None:
    """Number rows from 1 as asked; of two that ask for one place, the one that moves up is first.

    A row that was just made has the position 0, and comes after those that stood there.
    """

    def place(row: Numbered) -> tuple[int, int]:
        wanted, before = order.get(str(row.id), row.position), row.position
        return wanted, (wanted > before) - (wanted < before)

    for position, row in enumerate(sorted(rows, key=place), 1):
        row.position = position


def hand_over(session: Session, leaver: Account, heir: Account, now: datetime) -> int:
    """Give what somebody was writing to a colleague; return how many campaigns it was."""
    require_heir(leaver, heir)
    handed = session.scalars(
        update(Campaign)
        .where(Campaign.written_by_id == leaver.id, Campaign.state.in_(EDITABLE_STATES))
        .values(written_by_id=heir.id)
        .returning(Campaign.id)
    ).all()
    for campaign_id in handed:
        _note_hand_over(session, leaver, campaign_id, now)
    return len(handed)


def _note_hand_over(session: Session, leaver: Account, campaign_id: UUID, now: datetime) -> None:
    about = ("campaign", str(campaign_id))
    audit(session, str(leaver.id), "campaign.handed_over", about=about, now=now)
