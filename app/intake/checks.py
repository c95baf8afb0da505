"""What has still to be looked at in a draft, beside the document that it was read from."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign, CampaignState
from app.core.db import day_of
from app.core.sealing import KeyDestroyed, Seal, get_seal
from app.core.tokens import Keys
from app.intake.models import SourceDocument
from app.intake.plan import Finding

# Longer than any action runs; by then somebody has looked, or nobody will.
KEPT_FOR = timedelta(days=120)
_TABLE = SourceDocument.__tablename__


@dataclass(frozen=True, slots=True)
class OpenCheck:
    """One finding that a person has to look at, or has looked at."""

    finding: Finding
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class DocumentBehind:
    """The document of a draft and its checks, opened."""

    id: UUID
    text: str
    checks: tuple[OpenCheck, ...]

    @property
    def left(self) -> int:
        return sum(not check.is_done for check in self.checks)


def keep_document(
    session: Session,
    keys: Keys,
    campaign: Campaign,
    text: str,
    findings: Sequence[Finding],
    now: datetime,
) -> None:
    """Keep the text that a draft was made from, sealed with the campaign's own key."""
    seal = get_seal(session, keys, campaign.key_id)
    row = uuid4()
    checks = tuple(OpenCheck(finding) for finding in findings)
    session.add(
        SourceDocument(
            id=row,
            campaign_id=campaign.id,
            sealed_text=seal.close(text, table=_TABLE, column="text", row=row),
            sealed_checks=_closed(seal, row, checks),
            made_on=day_of(now),
        )
    )


def find_document(session: Session, keys: Keys, campaign: Campaign) -> DocumentBehind | None:
    """The document behind a draft, if there is one and it is still kept."""
    wanted = select(SourceDocument).where(SourceDocument.campaign_id == campaign.id)
    kept = session.scalars(wanted).one_or_none()
    if kept is None:
        return None
    try:
        seal = get_seal(session, keys, campaign.key_id)
    except KeyDestroyed:
        return None
    text = seal.open(kept.sealed_text, table=_TABLE, column="text", row=kept.id)
    told = seal.open(kept.sealed_checks, table=_TABLE, column="checks", row=kept.id)
    checks = tuple(
        OpenCheck(Finding(**one["finding"]), is_done=one["is_done"]) for one in json.loads(told)
    )
    return DocumentBehind(kept.id, text, checks)


def settle_checks(
    session: Session, keys: Keys, campaign: Campaign, done: Collection[str]
) -> DocumentBehind | None:
    """Note by field which checks somebody has made; the others are open again."""
    row = select(SourceDocument).where(SourceDocument.campaign_id == campaign.id).with_for_update()
    kept = session.scalars(row).one_or_none()
    document = find_document(session, keys, campaign)
    if kept is None or document is None:
        return None
    checks = tuple(replace(one, is_done=one.finding.field in done) for one in document.checks)
    kept.sealed_checks = _closed(get_seal(session, keys, campaign.key_id), kept.id, checks)
    return replace(document, checks=checks)


def forget_documents(session: Session, now: datetime) -> int:
    """Forget the documents of campaigns that are over, and all old ones; return how many."""
    over = select(Campaign.id).where(Campaign.state == CampaignState.CLOSED)
    last: date = day_of(now - KEPT_FOR)
    gone = (
        delete(SourceDocument)
        .where(or_(SourceDocument.campaign_id.in_(over), SourceDocument.made_on < last))
        .returning(SourceDocument.id)
    )
    return len(session.scalars(gone).all())


def _closed(seal: Seal, row: UUID, checks: Sequence[OpenCheck]) -> bytes:
    told = json.dumps([asdict(check) for check in checks])
    return seal.close(told, table=_TABLE, column="checks", row=row)
