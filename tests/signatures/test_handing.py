"""Letters by post, opened one by one for whoever hands them over."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.core.tokens import Keys
from app.signatures import handing
from app.signatures.actions import confirm, withdraw
from app.signatures.models import Signature
from tests.builders import LINKS, NOON, a_campaign, a_form, a_signature
from tests.cast import KOFI, OLENA, SAM, Person

POST_ONLY = 3


def signed(session: Session, keys: Keys, *people: Person) -> list[Signature]:
    campaign = a_campaign(session, keys, name="dosmagambetov")
    made = []
    for who in people:
        form = a_form(campaign, who=who, targets=(1, POST_ONLY), sentence=f"{who.name} writes.")
        signature = a_signature(session, keys, campaign, form)
        confirm(session, keys, signature, links=LINKS, now=NOON)
        made.append(signature)
    session.flush()
    return made


def test_confirmed_letters_by_post_are_opened_for_their_target(
    session: Session, keys: Keys
) -> None:
    signatures = signed(session, keys, SAM, KOFI)
    campaign = signatures[0].campaign
    target = handing.target_numbered(campaign, POST_ONLY)
    cover = handing.cover_for(session, campaign, target, NOON)
    assert cover.letters == handing.count_to_hand_over(session, target) == 2
    letters = list(handing.letters_to_hand_over(session, keys, campaign, target))
    assert {letter.writer for letter in letters} == {SAM.name, KOFI.name}
    assert all(letter.address == cover.to for letter in letters)
    assert not any("@" in text for letter in letters for text in letter.body())


def test_an_edited_letter_is_handed_over_as_its_writer_left_it(
    session: Session, keys: Keys
) -> None:
    campaign = a_campaign(session, keys, name="dosmagambetov")
    own = "I am a nurse in Accra.\n\nPlease let a doctor see him today."
    target = handing.target_numbered(campaign, POST_ONLY)
    for who, bodies in ((SAM, ()), (KOFI, ((target.id, own),))):
        form = replace(a_form(campaign, who=who, targets=(1, POST_ONLY)), bodies=bodies)
        confirm(session, keys, a_signature(session, keys, campaign, form), links=LINKS, now=NOON)
    session.flush()
    found = handing.letters_to_hand_over(session, keys, campaign, target)
    body = {letter.writer: letter.body() for letter in found}
    assert body[KOFI.name] == own.split("\n\n")
    assert not set(body[SAM.name]) & set(body[KOFI.name])


def test_what_goes_by_mail_is_not_pending_and_not_withdrawn_is_handed_over(
    session: Session, keys: Keys
) -> None:
    stays, goes = signed(session, keys, SAM, KOFI)
    campaign = stays.campaign
    waiting = a_form(campaign, who=OLENA, targets=(POST_ONLY,))
    a_signature(session, keys, campaign, waiting)
    withdraw(session, goes, NOON)
    session.flush()
    by_post = handing.target_numbered(campaign, POST_ONLY)
    by_mail = handing.target_numbered(campaign, 1)
    assert handing.count_to_hand_over(session, by_post) == 1
    assert handing.count_to_hand_over(session, by_mail) == 0
    (letter,) = handing.letters_to_hand_over(session, keys, campaign, by_post)
    assert letter.writer == SAM.name


def test_nothing_opened_stays_in_the_session(session: Session, keys: Keys) -> None:
    (signature,) = signed(session, keys, SAM)
    campaign = signature.campaign
    target = handing.target_numbered(campaign, POST_ONLY)
    list(handing.letters_to_hand_over(session, keys, campaign, target))
    assert not any(isinstance(kept, Signature) for kept in session.identity_map.values())


def test_taking_letters_out_is_written_down(session: Session, keys: Keys) -> None:
    (signature,) = signed(session, keys, SAM)
    campaign = signature.campaign
    target = handing.target_numbered(campaign, POST_ONLY)
    handing.note_handing(session, "operator", campaign, target, 1, NOON)
    entry = session.scalars(
        select(AuditEntry).where(AuditEntry.action == "letters.hand_over")
    ).one()
    assert (entry.actor, entry.object_id) == ("operator", str(campaign.id))
    assert entry.detail == {"target": POST_ONLY, "letters": 1}
    assert SAM.name not in str(entry.detail)
