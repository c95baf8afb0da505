"""Reading the tally: totals and the journal's tail together, published before they leave here."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Select,
    SQLColumnExpression,
    extract,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, joinedload, selectinload

from app.campaigns.models import Campaign, Target
from app.campaigns.rules import PUBLIC_STATES
from app.core.errors import NotFound
from app.sections.models import Section
from app.stats.numbers import CampaignLine, CampaignNumbers, Numbers, OfficeName, Period
from app.stats.rules import SPLIT_FIGURES, SPLITS, Counted, month_of, publish, publish_stages
from app.tally.models import Figure, Split, TallyEntry, TallyTotal

# Far more than one organisation has; a page with more would need another form than a list.
CAMPAIGNS_AT_MOST = 5_000

_TAIL = (
    (Split.COUNTRY, TallyEntry.country),
    (Split.LETTER_LANGUAGE, TallyEntry.letter_language),
    (Split.PAGE_LANGUAGE, TallyEntry.page_language),
    (Split.CHANNEL, TallyEntry.channel),
    (Split.TARGET, TallyEntry.target),
)

_ENTRY = (TallyEntry.campaign, TallyEntry.figure)

Chosen = Select[*tuple[Any, ...]]
Raw = Mapping[uuid.UUID, Mapping[Figure, Counted]]


def get_numbers(
    session: Session,
    *,
    section: str = "",
    reference: str = "",
    period: Period | None = None,
    language: str,
) -> Numbers:
    """The published numbers of one campaign, one section or everybody.

    The rule is applied campaign by campaign and month by month before anything is added up, so
    that no choice of section, campaign and period can be subtracted from another one.
    """
    lines = list_campaigns(session, section=section, reference=reference, language=language)
    if reference and not lines:
        raise NotFound
    raw = _count(session, _chosen(select(Campaign.id), section, reference))
    return Numbers(
        tuple(_publish(line, raw.get(line.id, {})) for line in lines), period or Period()
    )


def list_campaigns(
    session: Session, *, section: str = "", reference: str = "", language: str
) -> list[CampaignLine]:
    """Campaigns that have been public, newest first, in the reader's language if possible."""
    offices = (
        select(func.count())
        .where(Target.campaign_id == Campaign.id)
        .correlate(Campaign)
        .scalar_subquery()
    )
    known = (
        select(Campaign, offices)
        .options(joinedload(Campaign.section), selectinload(Campaign.texts))
        .order_by(Campaign.opened_at.desc(), Campaign.reference)
        .limit(CAMPAIGNS_AT_MOST)
    )
    rows = session.execute(_chosen(known, section, reference))
    return [_line(campaign, targets, language) for campaign, targets in rows]


def list_sections(session: Session) -> list[tuple[str, str]]:
    """Key and name of every section."""
    known = select(Section.key, Section.name).order_by(Section.name, Section.key)
    return [(key, name) for key, name in session.execute(known.limit(CAMPAIGNS_AT_MOST))]


def list_offices(session: Session, targets: Iterable[str], language: str) -> dict[str, OfficeName]:
    """What the targets of a split are called, by the target's id."""
    wanted = [uuid.UUID(target) for target in targets if target]
    named = (
        select(Target, Campaign.reference)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(Target.id.in_(wanted))
        .options(joinedload(Target.authority).selectinload("*"))
    )
    names = {}
    for target, reference in session.execute(named):
        titles = {office.language: office.title for office in target.authority.offices}
        spoken = next((one for one in (language, "en", *titles) if one in titles), language)
        names[str(target.id)] = OfficeName(titles.get(spoken, ""), spoken, reference)
    return names


def _chosen(campaigns: Chosen, section: str, reference: str) -> Chosen:
    chosen = campaigns.where(Campaign.state.in_(PUBLIC_STATES))
    if section:
        chosen = chosen.join(Campaign.section).where(Section.key == section)
    if reference:
        chosen = chosen.where(Campaign.reference == reference)
    return chosen


def _line(campaign: Campaign, offices: int, language: str) -> CampaignLine:
    titles = {text.language: text.title for text in campaign.texts if text.title}
    spoken = next(
        (one for one in (language, campaign.document_language, *titles) if one in titles), language
    )
    return CampaignLine(
        id=campaign.id,
        reference=campaign.reference,
        slug=campaign.slug,
        title=titles.get(spoken, campaign.reference),
        language=spoken,
        section=campaign.section.key,
        section_name=campaign.section.name,
        organisation=campaign.organisation,
        state=campaign.state,
        hidden=campaign.hidden,
        opened_at=campaign.opened_at,
        closes_at=campaign.closes_at,
        time_zone=campaign.time_zone,
        last_day=campaign.last_day,
        last_time=campaign.last_time,
        offices=offices,
    )


def _publish(line: CampaignLine, counted: Mapping[Figure, Counted]) -> CampaignNumbers:
    empty = Counted({}, {})
    split = {figure: counted.get(figure, empty) for figure in SPLIT_FIGURES}
    return CampaignNumbers(
        campaign=line,
        stages=publish_stages(counted, line.offices),
        blocks={figure: publish(one, line.offices) for figure, one in split.items()},
        months={
            figure: frozenset(month_of(day) for day, times in one.days.items() if times)
            for figure, one in split.items()
        },
    )


def _count(session: Session, campaigns: Chosen) -> Raw:
    """Everything counted for these campaigns, before the rule; never leaves this file."""
    days: dict[Any, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    splits: dict[Any, dict[Split, dict[date, dict[str, int]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    )
    for campaign, figure, split, value, day, times in session.execute(_everything(campaigns)):
        if split is Split.ALL:
            days[campaign, figure][day] += times
        else:
            splits[campaign, figure][split][month_of(day)][value] += times
    raw: dict[uuid.UUID, dict[Figure, Counted]] = defaultdict(dict)
    for (campaign, figure), counts in days.items():
        raw[campaign][figure] = Counted(counts, splits[campaign, figure])
    return raw


def _everything(campaigns: Chosen) -> CompoundSelect[*tuple[Any, ...]]:
    """Totals and tail in one statement: between two, a fold could move rows from one to the other.

    Splits come by month (as one day of it) and only for the figures that are split; all figures
    come by office too, because the number of offices says how many letters one person can have.
    """
    split = or_(
        TallyTotal.split == Split.TARGET,
        TallyTotal.split.in_(SPLITS) & TallyTotal.figure.in_(SPLIT_FIGURES),
    )
    named = (TallyTotal.campaign, TallyTotal.figure, TallyTotal.split, TallyTotal.value)
    folded = select(*named, TallyTotal.day, func.sum(TallyTotal.times)).where(
        TallyTotal.campaign.in_(campaigns), TallyTotal.split == Split.ALL
    )
    cells = select(*named, func.min(TallyTotal.day), func.sum(TallyTotal.times)).where(
        TallyTotal.campaign.in_(campaigns), split
    )
    return union_all(
        folded.group_by(*named, TallyTotal.day),
        cells.group_by(*named, *_month(TallyTotal.day)),
        _tail(campaigns, Split.ALL, literal("")).group_by(*_ENTRY, TallyEntry.day),
        *(
            _tail(campaigns, split, column)
            .where(column != "")
            .group_by(*_ENTRY, column, TallyEntry.day)
            for split, column in _TAIL
        ),
    )


def _tail(campaigns: Chosen, split: Split, column: SQLColumnExpression[str]) -> Chosen:
    kind = literal(split, TallyTotal.split.type)
    return select(*_ENTRY, kind, column, TallyEntry.day, func.sum(TallyEntry.times)).where(
        TallyEntry.campaign.in_(campaigns)
    )


def _month(
    day: SQLColumnExpression[date],
) -> tuple[SQLColumnExpression[int], SQLColumnExpression[int]]:
    return extract("year", day), extract("month", day)
