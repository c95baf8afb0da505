"""Hearing what comes of it: asked for here, confirmed by mail, chosen and left by a press.

Looking changes nothing, whoever looks: mail scanners open every link, some with scripts on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.campaigns.queries import get_campaign_by_id, get_public_campaign
from app.core.addresses import BadAddress
from app.core.db import tidy, unit_of_work
from app.core.errors import NotFound
from app.core.i18n import catalogues, current_language
from app.core.i18n import gettext as _
from app.core.networks import network_of
from app.core.zones import zone_of_country
from app.followers import actions, queries
from app.followers.models import Follower, FollowState, HowOften
from app.followers.rules import FollowExpired, NothingChosen, Wish
from app.sections.models import Section
from app.sections.queries import list_sections
from app.web.audience import Audience, open_to
from app.web.state import beside, database, keys, links, now, reading, settings, watch
from app.web.supporter import shown
from app.web.supporter.check import masked


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands in the form, exactly as it was typed."""

    about: str = ""
    email: str = ""
    new_actions: bool = False
    languages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    often: str = HowOften.AT_ONCE.value
    home: str = ""
    kept: tuple[str, ...] = field(default=())

    @classmethod
    def from_request(cls) -> Self:
        sent = request.form
        return cls(
            about=sent.get("about", ""),
            email=sent.get("email", ""),
            new_actions="new_actions" in sent,
            languages=tuple(sent.getlist("languages")),
            countries=tuple(sent.getlist("countries")),
            often=sent.get("often", ""),
            home=sent.get("home", ""),
            kept=tuple(sent.getlist("kept")),
        )

    def wish(self, campaign: Campaign | None, known_zone: str = "") -> Wish:
        """What of it can be meant; nothing unknown gets through."""
        # In the order of the page; the language of the page is the one that is surely read.
        spoken = [each for each in catalogues.languages if each in self.languages]
        page = current_language()
        ordered = dict.fromkeys(
            [page, *spoken] if page in (spoken or catalogues.languages) else spoken
        )
        known = {code for code, _name in shown.country_choices(current_language())}
        zone = zone_of_country(self.home, now().year) if self.home else known_zone
        return Wish(
            languages=tuple(ordered),
            new_actions=self.new_actions,
            countries=tuple(code for code in self.countries if code in known),
            often=HowOften.WEEKLY if self.often == HowOften.WEEKLY else HowOften.AT_ONCE,
            time_zone=zone,
            campaign=str(campaign.id) if campaign else "",
        )


@open_to(Audience.SUPPORTER)
def follow() -> ResponseReturnValue:
    about = request.args.get("about", "")
    asked = Asked(about=about, new_actions=not about, languages=(current_language(),), kept=())
    return _form(asked)


@open_to(Audience.SUPPORTER)
def ask_to_follow() -> ResponseReturnValue:
    asked = Asked.from_request()
    if not watch().may_ask_for_reminders(network_of(request.remote_addr or ""), now()):
        errors = {"email": _("Many have asked at this moment. Try again in ten minutes, please")}
        return _form(asked, errors), 429
    try:
        with unit_of_work(database().writing) as session:
            campaign = get_public_campaign(session, asked.about) if asked.about else None
            section = _section(session, campaign)
            wish = asked.wish(campaign)
            actions.ask(session, keys(), section, asked.email, wish, links=links(), now=now())
    except BadAddress:
        return _form(asked, {"email": _("Enter an e-mail address like name@example.org")}), 422
    except NothingChosen:
        return _form(asked, {"new_actions": _("Choose what you want to hear of")}), 422
    return render_template(
        "supporter/follow_asked.html",
        masked=masked(asked.email.strip()),
        shows_mail=settings().is_local_only,
    )


@open_to(Audience.SUPPORTER)
def ask_to_confirm_follow(token: str) -> ResponseReturnValue:
    follower = queries.get_follower(reading(), keys(), token, queries.CONFIRM)
    too_late = bool(follower.asked) and follower.link_ends_at <= now()
    return _confirm_page(follower, token, too_late=too_late)


@open_to(Audience.SUPPORTER)
def confirm_follow(token: str) -> ResponseReturnValue:
    try:
        with unit_of_work(database().writing) as session:
            follower = queries.get_follower(session, keys(), token, queries.CONFIRM, lock=True)
            actions.confirm(session, follower, now())
    except FollowExpired:
        follower = queries.get_follower(reading(), keys(), token, queries.CONFIRM)
        return _confirm_page(follower, token, too_late=True), 409
    return _confirm_page(queries.get_follower(reading(), keys(), token, queries.CONFIRM), token)


@open_to(Audience.SUPPORTER)
def preferences(token: str) -> ResponseReturnValue:
    return _preferences(_chosen(token), token)


@open_to(Audience.SUPPORTER)
def change_preferences(token: str) -> ResponseReturnValue:
    asked = Asked.from_request()
    with unit_of_work(database().writing) as session:
        follower = queries.get_follower(session, keys(), token, queries.PREFERENCES, lock=True)
        wish = asked.wish(None, follower.time_zone)
        actions.change(follower, wish, asked.kept, now())
    return _preferences(_chosen(token), token, saved=True)


@open_to(Audience.SUPPORTER)
def stay(token: str) -> ResponseReturnValue:
    with unit_of_work(database().writing) as session:
        actions.stay(
            queries.get_follower(session, keys(), token, queries.PREFERENCES, lock=True), now()
        )
    return _preferences(_chosen(token), token, saved=True)


@open_to(Audience.SUPPORTER)
def choice(token: str, ref: str) -> ResponseReturnValue:
    return _choice(_chosen(token), token, ref)


@open_to(Audience.SUPPORTER)
def say_choice(token: str, ref: str) -> ResponseReturnValue:
    said = request.form.get("said", "")
    with unit_of_work(database().writing) as session:
        follower = queries.get_follower(session, keys(), token, queries.PREFERENCES, lock=True)
        campaign = get_public_campaign(session, ref)
        if campaign.section_id != follower.section_id:
            abort(404)
        if said in {each.value for each in FollowState}:
            actions.say_of(session, follower, campaign.id, FollowState(said))
    return _choice(_chosen(token), token, ref)


@open_to(Audience.SUPPORTER)
def ask_to_leave(token: str) -> ResponseReturnValue:
    try:
        follower = queries.get_follower(reading(), keys(), token, queries.LEAVE)
    except NotFound:
        return _left(token)
    return render_template(
        "supporter/unsubscribe.html",
        token=token,
        has_left=False,
        preferences_token=queries.token_of(keys(), follower, queries.PREFERENCES),
    )


@open_to(Audience.SUPPORTER)
def leave(token: str) -> ResponseReturnValue:
    # Mail programs post here by themselves (RFC 8058): nothing but the token is asked, the answer
    # is a page and no redirect, and twice is harmless.
    try:
        with unit_of_work(database().writing) as session:
            follower = queries.get_follower(session, keys(), token, queries.LEAVE, lock=True)
            actions.leave(session, follower, now(), beside())
    except NotFound:
        return _left(token)
    tidy(database())
    return render_template("supporter/unsubscribe.html", token=token, has_left=True)


def _left(token: str) -> str:
    """Pressed twice: the answer is the same, although there is nobody to look up any more."""
    if not queries.has_left(reading(), token):
        raise NotFound
    return render_template("supporter/unsubscribe.html", token=token, has_left=True)


def _chosen(token: str) -> Follower:
    return queries.get_follower(reading(), keys(), token, queries.PREFERENCES)


def _section(session: Session, campaign: Campaign | None) -> Section:
    if campaign is not None:
        return campaign.section
    sections = list_sections(session, 1)
    if not sections:
        abort(404)
    return sections[0]


def _form(asked: Asked, errors: Mapping[str, str] | None = None) -> str:
    campaign = get_public_campaign(reading(), asked.about) if asked.about else None
    section = _section(reading(), campaign)
    return render_template(
        "supporter/follow.html",
        asked=asked,
        errors=errors or {},
        section=section,
        page=shown.shown_campaign(campaign, current_language(), now()) if campaign else None,
        **_offered(section),
    )


def _offered(section: Section) -> dict[str, object]:
    return {
        "languages": catalogues.languages,
        "about_countries": queries.list_countries(reading(), section.id),
        "countries": shown.country_choices(current_language()),
    }


def _confirm_page(follower: Follower, token: str, *, too_late: bool = False) -> str:
    wish = Wish.from_json(follower.asked) if follower.asked else None
    page = _page_of(wish.campaign) if wish and wish.campaign else None
    return render_template(
        "supporter/follow_confirm.html",
        follower=follower,
        wish=wish,
        page=page,
        token=token,
        too_late=too_late,
        preferences_token=queries.token_of(keys(), follower, queries.PREFERENCES),
    )


def _page_of(campaign_id: str) -> shown.ShownCampaign | None:
    """The campaign that somebody asks about; nothing where it is hidden by now."""
    campaign = get_campaign_by_id(reading(), UUID(campaign_id))
    if campaign.hidden:
        return None
    return shown.shown_campaign(campaign, current_language(), now())


def _preferences(follower: Follower, token: str, *, saved: bool = False) -> str:
    pages = [
        (follow, page)
        for follow in follower.follows
        if (page := _page_of(str(follow.campaign_id))) is not None
    ]
    asked = Asked(
        new_actions=follower.new_actions,
        languages=tuple(follower.languages),
        countries=tuple(follower.countries),
        often=str(follower.often),
    )
    return render_template(
        "supporter/preferences.html",
        asked=asked,
        errors={},
        follower=follower,
        email=queries.email_of(reading(), keys(), follower),
        section=follower.section,
        pages=pages,
        token=token,
        leave_token=queries.token_of(keys(), follower, queries.LEAVE),
        saved=saved,
        **_offered(follower.section),
    )


def _choice(follower: Follower, token: str, ref: str) -> str:
    campaign = get_public_campaign(reading(), ref)
    if campaign.section_id != follower.section_id:
        abort(404)
    follow = queries.follow_of(follower, campaign.id)
    return render_template(
        "supporter/follow_choice.html",
        page=shown.shown_campaign(campaign, current_language(), now()),
        state=follow.state if follow else None,
        token=token,
        leave_token=queries.token_of(keys(), follower, queries.LEAVE),
    )
