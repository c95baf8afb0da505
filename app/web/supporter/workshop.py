"""What a writer may still do on the check page: choose a form or a wording, edit, be advised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.campaigns.sources import concerned_in, people_in, source_of
from app.core.tokens import Keys
from app.letters.agreement import WriterForm
from app.letters.offers import offered_forms
from app.letters.own_words import body_to_edit
from app.letters.variants import how_many, mix_for
from app.signatures.coaching import advice_on
from app.signatures.compose import Given, Preview
from app.signatures.rules import TURNS_AT_MOST
from app.web.supporter.advice import AdviceWords, words_of_advice
from app.web.supporter.form import BODY, Typed, mark_of_body
from app.web.supporter.shown import ShownLetter


@dataclass(frozen=True, slots=True)
class Offer:
    """A form that a writer may speak of themselves in, as the words that it changes."""

    form: WriterForm
    sample: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Bench:
    """One letter and its body to edit. `mark` tells an untouched body from an edited one."""

    shown: ShownLetter
    field: str
    body: str
    mark: str
    is_edited: bool
    advice: Sequence[AdviceWords]
    error: str


@dataclass(frozen=True, slots=True)
class Workshop:
    """Every letter of a form, and what is chosen for all of them at once."""

    benches: Sequence[Bench]
    offers: Sequence[Offer]
    language: str
    next_turn: int | None


def workshop_of(
    session: Session,
    keys: Keys,
    campaign: Campaign,
    pairs: Sequence[tuple[Preview, ShownLetter]],
    given: Given,
    typed: Typed,
    errors: Mapping[str, str],
) -> Workshop:
    """The check page's tools. A letter that was edited has the form and wording its writer left."""
    untouched = [preview for preview, _shown in pairs if not preview.is_edited]
    offers = next((found for one in untouched if (found := _offers(campaign, one, given))), [])
    several = any(how_many(source_of(one.template).variants) > 1 for one in untouched)
    return Workshop(
        benches=[
            _bench(session, keys, campaign, preview, letter, typed, errors)
            for preview, letter in pairs
        ],
        offers=offers,
        language=pairs[0][0].letter.language,
        next_turn=(given.turn + 1) % TURNS_AT_MOST if several else None,
    )


def _bench(
    session: Session,
    keys: Keys,
    campaign: Campaign,
    preview: Preview,
    letter: ShownLetter,
    typed: Typed,
    errors: Mapping[str, str],
) -> Bench:
    field = f"{BODY}{letter.number}"
    advice = advice_on(session, keys, campaign, preview) if preview.is_edited else []
    return Bench(
        shown=letter,
        field=field,
        body=typed.body(letter.number) or body_to_edit(preview.model),
        mark=mark_of_body(body_to_edit(preview.model)),
        is_edited=preview.is_edited,
        advice=[words_of_advice(one) for one in advice],
        error=errors.get(field, ""),
    )


def _offers(campaign: Campaign, preview: Preview, given: Given) -> list[Offer]:
    language = preview.template.language
    source = source_of(preview.template)
    offered = offered_forms(
        source,
        mix_for(given.seed, source.variants, given.turn),
        people=people_in(campaign, language),
        concerned=concerned_in(campaign, language),
    )
    known = {form for form, _sample in offered}
    # A form that makes no letter of its own is the neutral one under another name.
    chosen = given.writer_form if given.writer_form in known else WriterForm.NEUTRAL
    return [Offer(form, sample, form is chosen) for form, sample in offered]
