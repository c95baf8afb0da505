"""What a form must hold, which way a letter takes, how long a link lives."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from app.authorities.models import Authority, ContactKind
from app.authorities.offices import point_of, usable_points
from app.campaigns.models import Campaign, LetterTemplate, Target, TargetKind
from app.core.addresses import BadAddress, checked_address, same_mailbox
from app.core.errors import Refused
from app.core.i18n import countries
from app.core.text import BadCharacters, clean_line, clean_text, fold, graphemes, has_picture
from app.letters.agreement import WriterForm
from app.letters.render import one_line
from app.letters.rules import passages
from app.signatures.appearance import Appearance, signed_as
from app.signatures.models import LetterChannel, Signature
from app.signatures.watch import Mark

NAME_AT_MOST = 120
SENTENCE_AT_MOST = 300
TOWN_AT_MOST = 120
ABOUT_AT_MOST = 200
# Three pages or so: what is longer is no letter any more. One page is advice.
BODY_AT_MOST = 10_000
# No template has more mixes than this, and after the last one the first comes again.
TURNS_AT_MOST = 64
NO_COUNTRY = "-"
# A syllable of Devanagari or Tamil may be six or seven.
_CHARACTERS_A_LETTER = 8
_DIRECTION_MARKS = dict.fromkeys(map(ord, "\u061c\u200e\u200f"))
# Long enough for a holiday week, short enough that an address that never said yes is soon gone.
LINK_LIVES = timedelta(days=7)
# The second mail says that it is the last one.
REMIND_BEFORE_LINK_ENDS = timedelta(hours=24)
# Couples share an address; a third name at one address is more likely somebody playing.
NAMES_PER_ADDRESS = 2
# Of the words beside the box (`supporter/_consent.html`). A test keeps what each version said.
CONSENT_VERSION = "2026-12"

# In a campaign of high risk a letter leaves so long after its writer was here: enough to be one of
# many even where few write, and still today.
MIXED_FROM, MIXED_TO = timedelta(minutes=5), timedelta(minutes=60)
# Who wants nothing kept and prints a letter has so many days for it.
KEPT_TO_PRINT = timedelta(days=7)

# The best way first: what we can hand over ourselves, then what costs the writer least.
LADDER = (
    (ContactKind.EMAIL, LetterChannel.EMAIL),
    (ContactKind.FORM, LetterChannel.FORM),
    (ContactKind.FAX, LetterChannel.FAX),
    (ContactKind.POST, LetterChannel.POST),
    (ContactKind.PHONE, LetterChannel.PHONE),
)


class FormErrors(Refused):
    """What is wrong in a form, by field: a code and the figures its sentence needs."""

    code = "form_errors"

    def __init__(self, errors: Mapping[str, FieldError]) -> None:
        super().__init__(", ".join(f"{field}: {error.code}" for field, error in errors.items()))
        self.errors = errors


class LinkExpired(Refused):
    """The confirmation came too late: the link lives seven days, or until the deadline."""

    code = "link_expired"


class FormReused(Refused):
    """The same form was sent twice with different content."""

    code = "form_reused"


class TooManyNames(Refused):
    """Two other people have already written from this address in this campaign."""

    code = "too_many_names"


class Gone(Refused):
    """The signature was withdrawn or forgotten; nothing of it is left."""

    code = "signature_gone"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One refusal at one field."""

    code: str
    excess: int = 0


@dataclass(frozen=True, slots=True)
class SignForm:
    """A form that can be signed."""

    name: str
    email: str
    country: str
    sentence: str
    targets: tuple[UUID, ...]
    letter_language: str
    page_language: str
    form_key: str
    town: str = ""
    about: str = ""
    writer_form: WriterForm = WriterForm.NEUTRAL
    turn: int = 0
    # The bodies that the writer edited, by target.
    bodies: tuple[tuple[UUID, str], ...] = ()
    # The box was ticked by the writer. No part of the content: it is asked for at the last step.
    agreed: bool = False
    appearance: Appearance = Appearance.NAME
    alias: str = ""
    keep_nothing: bool = False
    answers_to_me: bool = False
    # "Tell me what happens": not part of the letter, and asked for at the last step.
    tell_me: bool = False

    @property
    def signed_as(self) -> str:
        """What stands under the letter, and all that is kept of the name."""
        return signed_as(self.appearance, name=self.name, town=self.town, alias=self.alias)

    @property
    def content(self) -> tuple[str, ...]:
        """What makes two forms the same act."""
        targets = ",".join(sorted(str(target) for target in self.targets))
        return (
            *(self.name, self.email, self.country, self.sentence, targets, self.letter_language),
            *(self.town, self.about, self.writer_form.value, str(self.turn)),
            *(self.signed_as, str(self.keep_nothing), str(self.answers_to_me)),
            *(part for target, body in self.bodies for part in (str(target), body)),
        )


def check_form(
    campaign: Campaign,
    languages: Collection[str],
    typed: Mapping[str, str],
    positions: Sequence[str],
    *,
    page_language: str,
    form_key: str,
    bodies: Mapping[str, str] | None = None,
) -> SignForm:
    """Turn what was typed into a form that can be signed, or refuse with every error at once.

    `typed` holds name, email, country, sentence, letter_language, town, about, writer_form, turn,
    appearance, alias, keep_nothing, answers_to_me, tell_me; `positions` the ticked targets, as
    their numbers on the page; `bodies` edited ones by number.
    """
    errors: dict[str, FieldError] = {}
    name, country, sentence, town = _person(typed, errors)
    email = _email(typed.get("email", ""), campaign, errors)
    by_position = {str(target.position): target for target in addressed(campaign)}
    chosen = [by_position[position].id for position in positions if position in by_position]
    if not chosen:
        errors["targets"] = FieldError("targets_empty")
    letter_language = typed.get("letter_language", "")
    if letter_language not in languages:
        errors["letter_language"] = FieldError("letter_language_unknown")
    about = _line(typed.get("about", ""), "about", ABOUT_AT_MOST, errors)
    appearance = _appearance(typed.get("appearance", ""))
    alias = ""
    if appearance is Appearance.ALIAS:
        alias = _line(typed.get("alias", ""), "alias", NAME_AT_MOST, errors)
        if not alias and "alias" not in errors:
            errors["alias"] = FieldError("alias_empty")
    edited = {
        by_position[position].id: body
        for position, text in (bodies or {}).items()
        if position in by_position and (body := _body(text, f"body-{position}", errors))
    }
    if errors:
        raise FormErrors(errors)
    return SignForm(
        name,
        email,
        country,
        sentence,
        tuple(dict.fromkeys(chosen)),
        letter_language,
        page_language,
        form_key,
        town,
        about,
        _form(typed.get("writer_form", "")),
        _turn(typed.get("turn", "")),
        tuple((target, edited[target]) for target in dict.fromkeys(chosen) if target in edited),
        appearance=appearance,
        alias=alias,
        keep_nothing=bool(typed.get("keep_nothing")),
        answers_to_me=bool(typed.get("answers_to_me")),
        tell_me=bool(typed.get("tell_me")),
    )


def require_consent(form: SignForm) -> None:
    """Refuse what nobody has agreed to: support can tell an opinion, and silence is no yes."""
    if not form.agreed:
        raise FormErrors({"consent": FieldError("consent_missing")})


def check_person(typed: Mapping[str, str]) -> tuple[str, str, str, str]:
    """Name, country, sentence and town as they may be kept, or every error at once."""
    errors: dict[str, FieldError] = {}
    person = _person(typed, errors)
    if errors:
        raise FormErrors(errors)
    return person


def addressed(campaign: Campaign) -> list[Target]:
    """The targets a letter is written to, in the order of the page."""
    return [target for target in campaign.targets if target.kind is TargetKind.TO]


def letter_languages(
    campaign: Campaign, templates: Mapping[tuple[UUID, str], LetterTemplate], page_language: str
) -> list[str]:
    """The languages a letter can be had in: the preferred ones in order, then the reader's own."""
    written = {language for _audience, language in templates}
    offered = [language for language in campaign.letter_languages if language in written]
    if campaign.own_language_welcome and page_language in written:
        offered.append(page_language)
    return list(dict.fromkeys(offered))


def default_letter_language(campaign: Campaign, offered: Sequence[str], page_language: str) -> str:
    """The reader's own language where the target prefers it too, else the first preferred one."""
    wanted = page_language in campaign.letter_languages and page_language in offered
    return page_language if wanted else offered[0]


def template_for(
    templates: Mapping[tuple[UUID, str], LetterTemplate],
    target: Target,
    wanted: str,
    preferred: Sequence[str],
) -> LetterTemplate:
    """The letter for a target's audience in the wanted language, else the next preferred one."""
    written = {language for audience, language in templates if audience == target.audience_id}
    for language in (wanted, *preferred, *sorted(written)):
        if language in written:
            return templates[target.audience_id, language]
    raise LookupError(target.audience_id)


def channel_of(authority: Authority) -> LetterChannel:
    """The way a letter takes: the first of the ladder that the authority has."""
    usable = {point.kind for point in usable_points(authority)}
    for kind, channel in LADDER:
        if kind in usable:
            return channel
    return LetterChannel.POST


def link_ends_at(campaign: Campaign, now: datetime) -> datetime:
    """When a confirmation is too late: after seven days, or at the deadline if that is sooner."""
    # To the full hour: the exact one would tell when somebody signed.
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    ends = hour + LINK_LIVES
    return min(ends, campaign.closes_at) if campaign.closes_at else ends


def is_nudged(signed_on: date, link_ends_at: datetime) -> bool:
    """Whether who has not pressed the button is written to once more, a day before it ends.

    A link that lives little longer than a day needs no second mail the same evening.
    """
    signed_at = datetime.combine(signed_on, time(), UTC)
    return link_ends_at - signed_at > 2 * REMIND_BEFORE_LINK_ENDS


def leaves_at(campaign: Campaign, now: datetime, chance: float) -> datetime:
    """When a letter of this moment may leave. `chance` is drawn from [0, 1).

    Before a near deadline the time is cut to half of what is left, and never passes it.
    """
    if not campaign.high_risk:
        return now
    left = campaign.closes_at - now if campaign.closes_at else MIXED_TO
    latest = min(MIXED_TO, left / 2)
    earliest = min(MIXED_FROM, latest)
    return now + earliest + chance * (latest - earliest)


def is_at_risk(campaign: Campaign, country: str) -> bool:
    """Whether somebody writes from where the target rules, or where it is known to reach."""
    return country in (campaign.country, *campaign.caution_countries)


def delete_on(campaign: Campaign) -> date:
    """The day on which names and addresses of this campaign are destroyed at the latest."""
    end = campaign.closed_at or campaign.closes_at
    if end is None:
        raise LookupError(campaign.id)
    return (end + timedelta(days=campaign.section.keep_days)).date()


def _person(typed: Mapping[str, str], errors: dict[str, FieldError]) -> tuple[str, str, str, str]:
    name = _line(typed.get("name", ""), "name", NAME_AT_MOST, errors)
    if not name and "name" not in errors:
        errors["name"] = FieldError("name_empty")
    if has_picture(name):
        errors["name"] = FieldError("name_picture")
    # To say nothing is as good an answer as a country.
    country = typed.get("country", "").strip() or NO_COUNTRY
    if country != NO_COUNTRY and country not in {code for code, _name in countries("en")}:
        errors["country"] = FieldError("country_empty")
    sentence = _line(typed.get("sentence", ""), "sentence", SENTENCE_AT_MOST, errors)
    return name, country, sentence, _line(typed.get("town", ""), "town", TOWN_AT_MOST, errors)


def _line(typed: str, field: str, at_most: int, errors: dict[str, FieldError]) -> str:
    try:
        # A supporter's line break becomes a space: the sentence stands in one paragraph.
        text = clean_line(" ".join(typed.splitlines()))
    except BadCharacters:
        errors[field] = FieldError("bad_characters")
        return ""
    # A letter may be several characters, but not a page of them.
    excess = max(graphemes(text) - at_most, len(text) - at_most * _CHARACTERS_A_LETTER)
    if excess > 0:
        errors[field] = FieldError(f"{field}_too_long", excess)
    return text


def _body(typed: str, field: str, errors: dict[str, FieldError]) -> str:
    """An edited body, one line a paragraph; an emptied one is the campaign's own again."""
    try:
        # The marks of direction may stand in the text that the writer was given to edit.
        clean_text(typed.translate(_DIRECTION_MARKS))
    except BadCharacters:
        errors[field] = FieldError("bad_characters")
        return ""
    excess = graphemes(typed) - BODY_AT_MOST
    if excess > 0:
        errors[field] = FieldError("body_too_long", excess)
    lines = (one_line(passage.source) for passage in passages(typed))
    return "\n\n".join(line for line in lines if line)


def _form(typed: str) -> WriterForm:
    # Chosen by a button of ours; anything else is no choice.
    return next((form for form in WriterForm if form.value == typed), WriterForm.NEUTRAL)


def _appearance(typed: str) -> Appearance:
    return next((one for one in Appearance if one.value == typed), Appearance.NAME)


def _turn(typed: str) -> int:
    is_number = typed.isascii() and typed.isdigit() and len(typed) <= 3
    return int(typed) % TURNS_AT_MOST if is_number else 0


def _email(typed: str, campaign: Campaign, errors: dict[str, FieldError]) -> str:
    if not typed.strip():
        errors["email"] = FieldError("email_empty")
        return ""
    try:
        email = checked_address(typed)
    except BadAddress:
        errors["email"] = FieldError("email_malformed")
        return ""
    theirs = {
        same_mailbox(point.value)
        for target in campaign.targets
        for point in target.authority.contact_points
        if point.kind is ContactKind.EMAIL
    }
    if same_mailbox(email) in theirs:
        errors["email"] = FieldError("email_is_target")
    return email


def is_invalidated(signature: Signature) -> bool:
    """Whether it was taken out of the count because a machine seemed to have made it."""
    return Mark.INVALIDATED in signature.marks.split()


def person_of(form: SignForm) -> tuple[str, str]:
    """What tells one person from another: the mailbox and the name."""
    return same_mailbox(form.email), fold(form.name)


def email_of(authority: Authority) -> str:
    """The address a letter to this authority goes to."""
    point = point_of(authority, ContactKind.EMAIL)
    if point is None:
        raise LookupError(authority.id)
    return point.value
