"""What the pages show of a campaign: chosen and ordered here, worded in the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask import request, url_for

from app.authorities.models import Authority, ContactPoint, Office
from app.authorities.offices import office_in, usable_points
from app.campaigns.models import Campaign, CampaignText, LetterTemplate, Target
from app.campaigns.rules import PageState, page_state
from app.campaigns.sources import demands_of
from app.core.i18n import catalogues, countries, current_language
from app.letters.beside import Beside
from app.letters.render import FinishedLetter
from app.signatures.actions import local_day
from app.signatures.compose import Given, Preview, letter_to_read, reading_version
from app.signatures.models import LetterChannel
from app.signatures.notices import text_in
from app.signatures.rules import addressed, channel_of
from app.web.state import settings
from app.web.supporter.form import Typed

# Letter language, recipients to tick, how often a page has looked again, what a form takes, and
# the urgent action that somebody wants to hear of.
QUERY: Final = ("letter", "to", "look", "at_most", "about")
# The goals that a growing number is shown against: near enough to be reached.
GOALS: Final = (50, 100, 250, 500, 1000, 1500, 2500, 5000, 10_000, 25_000, 50_000, 100_000)


@dataclass(frozen=True, slots=True)
class Recipient:
    """An office that is written to, and every way to it that the document gives."""

    number: int
    target: Target
    office: Office
    audience: str
    channel: LetterChannel
    points: tuple[ContactPoint, ...]

    @property
    def other_kinds(self) -> list[str]:
        """The ways besides the one the letter takes, each once, in order."""
        kinds = [str(point.kind) for point in self.points if str(point.kind) != self.channel]
        return list(dict.fromkeys(kinds))

    def values(self, kind: str) -> list[ContactPoint]:
        return [point for point in self.points if point.kind == kind]


@dataclass(frozen=True, slots=True)
class ShownCampaign:
    """A campaign at this moment, in the words nearest to the reader's language."""

    campaign: Campaign
    state: PageState
    text: CampaignText


@dataclass(frozen=True, slots=True)
class ShownLetter:
    """A letter and, where it is in another language than the page, what it says."""

    number: int
    recipient: Recipient
    channel: LetterChannel
    letter: FinishedLetter
    beside: Beside | None


def shown_campaign(campaign: Campaign, language: str, now: datetime) -> ShownCampaign:
    return ShownCampaign(campaign, page_state(campaign, now), text_of(campaign, language))


def text_of(campaign: Campaign, language: str) -> CampaignText:
    """The page's texts: the same choice that our mails make."""
    return text_in(campaign, language)


def recipients(campaign: Campaign, language: str) -> list[Recipient]:
    return [recipient_of(campaign, target, language) for target in addressed(campaign)]


def recipient_of(campaign: Campaign, target: Target, language: str) -> Recipient:
    authority: Authority = target.authority
    return Recipient(
        number=target.position,
        target=target,
        office=office_in(authority, language),
        audience=target.audience.names.get(language, "") if len(campaign.audiences) > 1 else "",
        channel=channel_of(authority),
        points=tuple(usable_points(authority)),
    )


def demands_by_audience(campaign: Campaign, language: str) -> list[tuple[str, Sequence[str]]]:
    """What is asked of whom: one entry without a name where everybody is asked the same."""
    several = len(campaign.audiences) > 1
    return [
        (audience.names.get(language, "") if several else "", asked)
        for audience in campaign.audiences
        if (asked := demands_of(campaign, audience.id, language))
    ]


def read_letter(
    campaign: Campaign,
    templates: Mapping[tuple[UUID, str], LetterTemplate],
    target: Target,
    language: str,
    now: datetime,
    *,
    given: Given | None = None,
) -> ShownLetter:
    """The letter to one target without a signature: to read, copy and print."""
    day, page = local_day(campaign, now), current_language()
    given = given or Given()
    preview = letter_to_read(campaign, templates, target, language, given, day)
    return _shown(campaign, templates, preview, given, now, page)


def shown_letters(
    campaign: Campaign,
    templates: Mapping[tuple[UUID, str], LetterTemplate],
    previews: Sequence[Preview],
    given: Given,
    now: datetime,
) -> list[ShownLetter]:
    page = current_language()
    return [_shown(campaign, templates, preview, given, now, page) for preview in previews]


def letters_of_typed(
    campaign: Campaign,
    templates: Mapping[tuple[UUID, str], LetterTemplate],
    typed: Typed,
    now: datetime,
) -> list[ShownLetter]:
    """The letters of a form that can no longer be sent, for its writer to keep."""
    chosen = [target for target in addressed(campaign) if str(target.position) in typed.targets]
    return [
        read_letter(
            campaign,
            templates,
            target,
            typed.letter_language,
            now,
            given=Given(
                typed.name,
                sentence=typed.sentence,
                town=typed.town,
                about=typed.about,
                bodies=((target.id, typed.body(target.position)),),
            ),
        )
        for target in chosen
    ]


def country_choices(language: str) -> list[tuple[str, str]]:
    """Every country, with the one that the browser's own language names in front."""
    known = countries(language)
    regions = [tag.rpartition("-")[2].upper() for tag in request.accept_languages.values()]
    first = [pair for pair in known if pair[0] in regions]
    return first + [pair for pair in known if pair not in first]


def goal_above(done: int) -> int:
    return next((goal for goal in GOALS if goal > done), done + 50_000)


def kept_query() -> dict[str, Any]:
    """What of the query belongs to the page. Nothing else of it may reach the address maker.

    Names like `_scheme` or `_external` would let a link decide where our own links lead.
    """
    return {name: request.args.getlist(name) for name in QUERY if name in request.args}


def frame() -> dict[str, object]:
    """What the frame of every page shows: the installation's address, the other languages."""
    return {"site": settings().base_url, "alternates": _alternates()}


def _alternates() -> list[tuple[str, str]]:
    """The same page in each language, for pages that can be opened by an address."""
    endpoint, values = request.endpoint, request.view_args
    if request.method not in ("GET", "HEAD") or endpoint is None or values is None:
        return []
    asked = {**kept_query(), **values}
    return [
        (language, url_for(endpoint, **{**asked, "lang": language}))
        for language in catalogues.languages
    ]


def _shown(
    campaign: Campaign,
    templates: Mapping[tuple[UUID, str], LetterTemplate],
    preview: Preview,
    given: Given,
    now: datetime,
    page: str,
) -> ShownLetter:
    day = local_day(campaign, now)
    return ShownLetter(
        number=preview.target.position,
        recipient=recipient_of(campaign, preview.target, page),
        channel=preview.channel,
        letter=preview.letter,
        # What the writer made of it says something else than the campaign's text.
        beside=reading_version(campaign, templates, preview, page, given, day),
    )
