"""Organisers see how much writers make their own, and nobody in it."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.campaigns.queries import current_templates
from app.core.tokens import Keys
from app.signatures.actions import confirm, local_day
from app.signatures.models import Letter
from app.signatures.originality import AT_LEAST, originality
from tests.builders import LINKS, NOON, a_campaign, a_form, a_signature
from tests.cast import Person

OWN = "This is another text. " + " ".join(
    f"Word {n} of mine says something else." for n in range(40)
)


def bands(session: Session, keys: Keys, campaign: Campaign) -> list[tuple[int | None, ...]]:
    templates = current_templates(session, campaign.id)
    rows = originality(session, keys, campaign, templates, local_day(campaign, NOON))
    return [(row.much_the_same, row.partly_own, row.mostly_own) for row in rows]


def write(session: Session, keys: Keys, campaign: Campaign, times: int, body: str = "") -> None:
    """So many people confirm a letter; with a body each has made it their own."""
    already = len(session.scalars(select(Letter.id)).all())
    for number in range(already, already + times):
        who = Person(f"Sam {number}", f"sam{number}@example.org")
        form = a_form(campaign, who=who)
        if body:
            form = replace(form, bodies=((form.targets[0], body),))
        confirm(session, keys, a_signature(session, keys, campaign, form), links=LINKS, now=NOON)
    session.flush()


def test_letters_are_counted_by_what_they_keep(session: Session, keys: Keys) -> None:
    campaign = a_campaign(session, keys)
    write(session, keys, campaign, AT_LEAST + 1)
    write(session, keys, campaign, AT_LEAST, OWN)
    assert bands(session, keys, campaign) == [(AT_LEAST + 1, 0, AT_LEAST)]


def test_too_few_letters_are_not_told_apart(session: Session, keys: Keys) -> None:
    campaign = a_campaign(session, keys)
    write(session, keys, campaign, AT_LEAST - 1)
    assert bands(session, keys, campaign) == []
    write(session, keys, campaign, 1, OWN)
    assert bands(session, keys, campaign) == [(None, 0, None)]
