"""What we write to followers: the values of each notice, and its one key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.campaigns.models import Campaign, CampaignText
from app.campaigns.queries import get_campaign_by_id
from app.core.sealing import get_seal
from app.core.tokens import Keys
from app.core.zones import after_night
from app.delivery.models import Dispatch
from app.followers import queries, rules
from app.followers.models import Follower, HowOften, News, NewsKind
from app.notices.actions import send, sender_of
from app.notices.links import Links
from app.notices.manners import hours_left
from app.notices.rules import NewsItem
from app.tally.models import Figure
from app.tally.queries import public_total


def confirm(
    session: Session,
    keys: Keys,
    follower: Follower,
    wish: rules.Wish,
    *,
    links: Links,
    now: datetime,
) -> None:
    """The page with the button: nothing else is sent before it was pressed."""
    text = None
    campaign = get_campaign_by_id(session, UUID(wish.campaign)) if wish.campaign else None
    if campaign is not None:
        text = text_for(campaign, wish.languages)
    token = queries.token_of(keys, follower, queries.CONFIRM)
    values = {
        "title": text.title if text else "",
        "title_language": text.language if text else wish.languages[0],
        "new_actions": wish.new_actions,
        "countries": list(wish.countries),
        "weekly": wish.often is HowOften.WEEKLY,
        "confirm_link": links.confirm_follow(wish.languages[0], token),
        "link_ends_at": follower.link_ends_at,
        "time_zone": follower.section.time_zone,
        "forget_days": rules.ASKED_LIVES.days,
    }
    again = f"{follower.link_ends_at.isoformat()}:{campaign.reference if campaign else ''}"
    _send(
        session,
        keys,
        follower,
        "follow_confirm",
        values,
        now,
        again=again,
        language=wish.languages[0],
        keep_local=campaign is not None and campaign.demonstration is not None,
    )


def news(
    session: Session, keys: Keys, follower: Follower, told: News, *, links: Links, now: datetime
) -> None:
    """M9, M10 or M11, in the morning where it is night."""
    campaign = get_campaign_by_id(session, told.campaign_id)
    name, values = _NEWS[told.kind](follower, campaign, told, links)
    _send(
        session,
        keys,
        follower,
        name,
        _about(campaign, follower) | values | _ways_out(keys, follower, links),
        now,
        again=told.id.hex,
        due_at=after_night(now, follower.time_zone),
        keep_local=campaign.demonstration is not None,
    )


def weekly(
    session: Session,
    keys: Keys,
    follower: Follower,
    told: Sequence[News],
    *,
    links: Links,
    now: datetime,
) -> None:
    """All news of a week in one mail."""
    items = []
    for each in told:
        campaign = get_campaign_by_id(session, each.campaign_id)
        text = text_for(campaign, follower.languages)
        link = links.campaign(follower.language, campaign.reference, campaign.slug)
        items.append(NewsItem(str(each.kind), text.title, text.language, link))
    _send(
        session,
        keys,
        follower,
        "weekly_news",
        {"news": items} | _ways_out(keys, follower, links),
        now,
        again=str(follower.told_on),
        keep_local=all(each.campaign.demonstration is not None for each in told),
    )


def deadline(
    session: Session,
    keys: Keys,
    follower: Follower,
    campaign: Campaign,
    email: str,
    hours_before: int,
    *,
    links: Links,
    now: datetime,
) -> None:
    """M8, to who has not written."""
    if campaign.closes_at is None:
        return
    token = queries.token_of(keys, follower, queries.PREFERENCES)
    values = {
        "hours_left": hours_left(campaign.closes_at, now),
        "closes_at": campaign.closes_at,
        "time_zone": campaign.time_zone,
        "letters_so_far": public_total(session, campaign.id, Figure.HANDED_OVER),
        "campaign_link": links.campaign(follower.language, campaign.reference, campaign.slug),
        "choice_link": links.follow_choice(follower.language, token, campaign.reference),
    }
    _send(
        session,
        keys,
        follower,
        "deadline_near",
        _about(campaign, follower) | values | _ways_out(keys, follower, links),
        now,
        again=f"{campaign.id.hex}:{campaign.closes_at.isoformat()}:{hours_before}",
        email=email,
        expires_at=campaign.closes_at,
        keep_local=campaign.demonstration is not None,
    )


def still_there(
    session: Session, keys: Keys, follower: Follower, *, links: Links, now: datetime
) -> None:
    """After a year: do you still want to hear from us?"""
    token = queries.token_of(keys, follower, queries.PREFERENCES)
    values = {
        "ends_on": follower.ends_on,
        "preferences_link": links.preferences(follower.language, token),
        "stop_link": _leave_link(keys, follower, links),
    }
    _send(session, keys, follower, "still_there", values, now, again=str(follower.ends_on))


def text_for(campaign: Campaign, languages: Sequence[str]) -> CampaignText:
    """The campaign's text in the first of somebody's languages, or in the nearest there is."""
    by_language = {text.language: text for text in campaign.texts}
    for spoken in (*languages, "en", campaign.document_language, *by_language):
        if spoken in by_language:
            return by_language[spoken]
    raise LookupError(campaign.id)


def why_not_for(follower: Follower, campaign: Campaign) -> str:
    """The reason why a new action is not one that somebody asked to hear of, or nothing."""
    if follower.countries and campaign.country not in follower.countries:
        return "other_country"
    is_read = any(text.language in follower.languages for text in campaign.texts)
    return "" if is_read else "other_language"


def _about(campaign: Campaign, follower: Follower) -> dict[str, object]:
    text = text_for(campaign, follower.languages)
    return {
        "title": text.title,
        "title_language": text.language,
        "sensitive": campaign.sensitive,
    }


def _ways_out(keys: Keys, follower: Follower, links: Links) -> dict[str, object]:
    token = queries.token_of(keys, follower, queries.PREFERENCES)
    return {
        "preferences_link": links.preferences(follower.language, token),
        "stop_link": _leave_link(keys, follower, links),
    }


def _leave_link(keys: Keys, follower: Follower, links: Links) -> str:
    token = queries.token_of(keys, follower, queries.LEAVE)
    return links.unsubscribe(follower.language, token)


def _words(said: Mapping[str, Any], follower: Follower) -> dict[str, object]:
    """The organisers' own words, in a language that is read, else in the first there is."""
    words: Mapping[str, str] = said.get("words", {})
    for language in (*follower.languages, *words):
        if words.get(language):
            return {"words": words[language], "words_language": language}
    return {"words": "", "words_language": follower.language}


def _page(follower: Follower, campaign: Campaign, links: Links) -> dict[str, object]:
    return {"campaign_link": links.campaign(follower.language, campaign.reference, campaign.slug)}


def _opened(
    follower: Follower, campaign: Campaign, told: News, links: Links
) -> tuple[str, dict[str, object]]:
    text = text_for(campaign, follower.languages)
    return "new_action", _page(follower, campaign, links) | {
        "closes_at": campaign.closes_at,
        "time_zone": campaign.time_zone,
        "we_ask": text.we_ask,
        "follows_up": bool(told.said.get("follows_up")),
    }


def _changed(
    follower: Follower, campaign: Campaign, told: News, links: Links
) -> tuple[str, dict[str, object]]:
    before = told.said.get("old_closes_at")
    values: dict[str, object] = {
        "old_closes_at": datetime.fromisoformat(before) if before else None,
        "closes_at": campaign.closes_at,
        "time_zone": campaign.time_zone,
    }
    values |= _words(told.said, follower)
    return "campaign_changed", _page(follower, campaign, links) | values


def _outcome(
    follower: Follower, campaign: Campaign, told: News, links: Links
) -> tuple[str, dict[str, object]]:
    values: dict[str, object] = {
        "outcome": told.said["outcome"],
        "happened_on": date.fromisoformat(told.said["happened_on"]),
        "source": told.said["source"],
        "ends_on": follower.ends_on,
        "only_this": not follower.new_actions,
    }
    values |= _words(told.said, follower)
    return "outcome", _page(follower, campaign, links) | values


_NEWS = {
    NewsKind.OPENED: _opened,
    NewsKind.EXTENDED: _changed,
    NewsKind.CHANGED: _changed,
    NewsKind.OUTCOME: _outcome,
}


def _send(
    session: Session,
    keys: Keys,
    follower: Follower,
    name: str,
    values: Mapping[str, object],
    now: datetime,
    *,
    again: str,
    email: str = "",
    language: str = "",
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    keep_local: bool = False,
) -> Dispatch:
    return send(
        session,
        get_seal(session, keys, follower.key_id),
        sender_of(follower.section),
        name=name,
        to_address=email or queries.email_of(session, keys, follower),
        language=language or follower.language,
        once_key=f"notice:{name}:{follower.id.hex}:{again}",
        values=values,
        now=now,
        due_at=due_at,
        expires_at=expires_at,
        keep_local=keep_local,
    )
