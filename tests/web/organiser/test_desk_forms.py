"""What the desk's forms do with words: keep them, save them, never lose them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.campaigns.models import Campaign, CampaignState, LetterTemplate
from app.campaigns.queries import current_templates, find_open_review
from tests.web.organiser.conftest import Office
from tests.web.organiser.pages import Page, Person

SCREENS = (
    "facts",
    "texts/en",
    "texts/ru",
    "people",
    "groups",
    "demands",
    "targets",
    "letters/authorities/fr",
    "timing",
)


@pytest.mark.parametrize("screen", SCREENS)
def test_saving_a_screen_as_it_stands_changes_nothing(
    office: Office, olena: Person, screen: str
) -> None:
    page = olena.press(olena.open(office.draft(screen)).form())
    assert page.status == 200
    assert "Saved." in page.text
    assert office.campaign().revision == 1


def test_an_edit_is_saved_numbered_and_noted_without_its_words(
    office: Office, olena: Person
) -> None:
    page = olena.fill(office.draft("texts/en"), title="Two brothers need a doctor")
    assert "Saved." in page.text
    campaign = office.campaign()
    assert campaign.revision == 2
    assert "Two brothers need a doctor" in [text.title for text in campaign.texts]
    with office.database.reading() as session:
        entry = session.scalars(select(AuditEntry).filter_by(action="campaign.edited")).one()
    assert entry.actor == str(olena.account.id if olena.account else "")
    assert entry.detail == {"part": "texts.en", "revision": 2}


@pytest.mark.parametrize(
    ("screen", "field", "typed", "words"),
    [
        ("texts/en", "title", "", "Enter a title"),
        ("texts/en", "title", "x" * 161, "This is 1 character too long"),
        ("texts/en", "standfirst", "a\u202eb", "invisible or combined character"),
        ("facts", "country", "", "Choose a country"),
        ("facts", "slug", "no good", "Latin letters, digits and single hyphens"),
        ("timing", "last_day", "2020-01-01", "This moment has passed"),
        ("timing", "last_day", "soon", "Enter a date like 2026-05-12"),
        ("timing", "last_day", "", "Enter the last day of the action"),
        ("timing", "last_time", "24:00", "Enter a time like 23:59"),
        ("timing", "time_zone", "Asia/Nowhere", "Choose a place for the time"),
        ("letters/authorities/en", "subject", "", "Enter a subject"),
    ],
)
def test_a_refused_form_comes_back_as_typed_with_words_at_the_field(
    office: Office, olena: Person, screen: str, field: str, typed: str, words: str
) -> None:
    before = office.campaign()
    page = olena.fill(office.draft(screen), **{field: typed})
    assert page.status == 422
    assert page.title.startswith("Error:")
    assert page.text.count(words) >= 2  # in the summary and at the field
    assert f'href="#{field}"' in page.text
    assert f'aria-describedby="{field}' in page.text
    if field != "time_zone":  # a browser cannot choose what a list does not offer
        assert page.form().get(field) == typed
    assert office.campaign().revision == before.revision


def test_everything_else_that_was_typed_comes_back_too(office: Office, olena: Person) -> None:
    form = olena.open(office.draft("texts/en")).form()
    form.put("title", "")
    form.put("background", "First.\r\n\r\n  Second <b>with</b> marks & more.")
    back = olena.press(form).form()
    assert back.get("background") == "First.\r\n\r\n  Second <b>with</b> marks & more."


def test_two_people_on_one_screen_see_both_texts_and_lose_none(
    office: Office, olena: Person, amal: Person
) -> None:
    hers = olena.open(office.draft("texts/en")).form()
    his = amal.open(office.draft("texts/en")).form()
    hers.put("title", "What Olena wrote")
    his.put("title", "What Amal wrote")
    assert amal.press(his).status == 200

    page = olena.press(hers)
    assert page.status == 409
    assert "Somebody else saved this meanwhile" in page.text
    assert page.form().get("title") == "What Olena wrote"
    assert "What Amal wrote" in page.text
    assert title_of(office) == "What Amal wrote"

    assert olena.press(page.form()).status == 200
    assert title_of(office) == "What Olena wrote"


def test_two_people_on_two_screens_do_not_stop_each_other(
    office: Office, olena: Person, amal: Person
) -> None:
    hers = olena.open(office.draft("texts/en")).form()
    his = amal.open(office.draft("texts/fr")).form()
    hers.put("title", "What Olena wrote")
    his.put("title", "Ce qu’Amal a écrit")
    assert amal.press(his).status == 200
    assert olena.press(hers).status == 200
    assert {"What Olena wrote", "Ce qu’Amal a écrit"} <= {t.title for t in office.campaign().texts}


def test_a_person_whom_somebody_else_added_is_shown_and_kept(
    office: Office, olena: Person, amal: Person
) -> None:
    hers = olena.open(office.draft("people")).form()
    his = amal.open(office.draft("people")).form()
    his.put("name-new", "A third person")
    assert amal.press(his).status == 200
    hers.put("name-new", "A fourth person")
    page = olena.press(hers)
    assert page.status == 409
    assert "A third person" in page.text
    assert page.form().get("name-new") == "A fourth person"
    assert olena.press(page.form()).status == 200
    names = [person.name for person in office.campaign().people]
    assert names[-2:] == ["A third person", "A fourth person"]


def test_the_words_of_an_approved_campaign_cannot_be_slipped_in(
    office: Office, olena: Person, amal: Person
) -> None:
    form = olena.open(office.draft("texts/en")).form()
    form.put("title", "Changed after the fact")
    published(office, olena, amal)
    page = olena.press(form)
    assert page.status == 409
    assert "This was not saved" in page.text
    assert page.form().get("title") == "Changed after the fact"
    assert title_of(office) != "Changed after the fact"


def test_an_edit_takes_a_waiting_review_back(office: Office, olena: Person) -> None:
    olena.press(olena.open(office.draft("review")).form("/review/ask"))
    assert office.campaign().state is CampaignState.IN_REVIEW
    olena.fill(office.draft("texts/en"), title="One more thought")
    campaign = office.campaign()
    assert campaign.state is CampaignState.DRAFT
    with office.database.reading() as session:
        assert find_open_review(session, campaign.id) is None


def test_people_are_added_moved_and_taken_away(office: Office, olena: Person) -> None:
    form = olena.open(office.draft("people")).form()
    form.put("name-new", "Aida Example")
    form.put("name-new-ru", "Аида Пример")
    form.put("pronoun-new-en", "she")
    form.put("consent-new", "yes")
    form.put("consent_note-new", "Her sister, by phone")
    assert olena.press(form).status == 200
    added = office.campaign().people[-1]
    assert (added.name, added.name_in("ru"), added.consent) == (
        "Aida Example",
        "Аида Пример",
        "yes",
    )

    form = olena.open(office.draft("people")).form()
    form.put(f"position-{added.id}", "1")
    olena.press(form)
    assert office.campaign().people[0].name == "Aida Example"

    form = olena.open(office.draft("people")).form()
    form.put(f"remove-{added.id}", "1")
    olena.press(form)
    assert "Aida Example" not in [person.name for person in office.campaign().people]


def test_a_person_needs_a_name(office: Office, olena: Person) -> None:
    page = olena.fill(office.draft("people"), **{"consent_note-new": "said so"})
    assert page.status == 422
    assert "Enter a name" in page.text
    assert page.form().get("consent_note-new") == "said so"


def test_demands_keep_their_order_and_their_groups(office: Office, olena: Person) -> None:
    form = olena.open(office.draft("demands")).form()
    form.put("text-new-en", "Please let his wife visit him.")
    form.put("audiences-new", "authorities", "medical")
    assert olena.press(form).status == 200
    demand = office.campaign().demands[-1]
    assert demand.texts == {"en": "Please let his wife visit him."}
    assert {audience.key for audience in demand.audiences} == {"authorities", "medical"}

    form = olena.open(office.draft("demands")).form()
    form.put(f"audiences-{demand.id}")
    page = olena.press(form)
    assert page.status == 422
    assert "Choose who is asked" in page.text


def test_a_group_that_is_in_use_stays(office: Office, olena: Person) -> None:
    medical = next(group for group in office.campaign().audiences if group.key == "medical")
    page = olena.fill(office.draft("groups"), **{f"remove-{medical.id}": "1"})
    assert page.status == 422
    assert "Move them first" in page.text
    assert olena.fill(office.draft("groups"), **{"name-new-en": "Lawyers"}).status == 200
    assert [group.key for group in office.campaign().audiences][-1] == "lawyers"


def test_recipients_come_from_the_address_book_in_their_order(
    office: Office, olena: Person
) -> None:
    before = office.campaign()
    last = before.targets[-1]
    form = olena.open(office.draft("targets")).form()
    form.put(f"position-{last.id}", "1")
    form.put(f"kind-{last.id}", "copy")
    form.put(f"remove-{before.targets[0].id}", "1")
    assert olena.press(form).status == 200
    targets = office.campaign().targets
    assert targets[0].id == last.id
    assert targets[0].kind == "copy"
    assert [target.position for target in targets] == list(range(1, len(before.targets)))

    back = str(before.targets[0].authority_id)
    form = olena.open(office.draft("targets")).form()
    form.put("authority-new", back)
    assert olena.press(form).status == 200
    assert str(office.campaign().targets[-1].authority_id) == back


def test_an_office_that_is_in_no_book_of_ours_is_refused(office: Office, olena: Person) -> None:
    form = olena.open(office.draft("targets")).form()
    form.put("authority-new", "00000000-0000-0000-0000-000000000000")
    page = olena.press(form)
    assert page.status == 422
    assert "Choose an office from the address book" in page.text


def test_a_template_with_an_unknown_placeholder_is_refused_at_its_line(
    office: Office, olena: Person
) -> None:
    body = "Hello.\r\n\r\n{{ own_sentence }}\r\n\r\n{{ demands }}\r\n\r\nYours {{ nickname }}"
    page = olena.fill(office.draft("letters/authorities/en"), body=body)
    assert page.status == 422
    assert "Line 7: there is no placeholder “nickname”" in page.text
    assert page.form().get("body") == body
    assert versions(office, office.campaign()) == {1}


def test_a_template_that_computes_is_refused(office: Office, olena: Person) -> None:
    body = "{{ own_sentence }}\n\n{{ demands }}\n\n{{ demands.__class__ }}"
    page = olena.fill(office.draft("letters/authorities/en"), body=body)
    assert page.status == 422
    assert "cannot stand in a letter" in page.text


def test_the_letter_is_shown_without_being_saved(office: Office, olena: Person) -> None:
    form = olena.open(office.draft("letters/medical/en")).form()
    body = form.get("body").replace("{{ demands }}", "{{ demands }}\r\n\r\nA line not saved yet.")
    form.put("body", body)
    page = olena.press(form, ("preview", "1"))
    assert page.status == 200
    assert "As you typed it, not saved" in page.text
    assert "<p>A line not saved yet.</p>" in page.text
    assert page.form().get("body") == body
    assert office.campaign().revision == 1

    assert olena.press(page.form()).status == 200
    assert versions(office, office.campaign()) == {1, 2}
    assert "A line not saved yet." in olena.open(office.draft("preview/en")).text


def test_a_letter_in_another_language_starts_empty_and_becomes_version_one(
    office: Office, olena: Person
) -> None:
    facts = olena.open(office.draft("facts")).form()
    facts.put("letter_languages", "ru", "en", "fr", "kk")
    assert olena.press(facts).status == 200
    form = olena.open(office.draft("letters/medical/kk")).form()
    assert form.get("body") == ""
    form.put("subject", "{{ person_name }}")
    form.put("body", "Сәлем.\r\n\r\n{{ own_sentence }}\r\n\r\n{{ demands }}")
    assert olena.press(form).status == 200
    with office.database.reading() as session:
        campaign = office.campaign()
        kept = current_templates(session, campaign.id)
    assert [t.version for (_, language), t in kept.items() if language == "kk"] == [1]


def test_the_deadline_is_shown_on_the_clocks_of_every_place_it_concerns(
    office: Office, olena: Person
) -> None:
    page = olena.fill(
        office.draft("timing"), last_day="2031-05-12", last_time="18:30", time_zone="Asia/Almaty"
    )
    assert "12 May 2031, 18:30 in Almaty (UTC+5)" in page.text
    assert "12 May 2031, 13:30 UTC" in page.text
    campaign = office.campaign()
    assert campaign.closes_at is not None
    assert campaign.closes_at.isoformat() == "2031-05-12T13:31:00+00:00"


def test_a_language_of_the_page_is_taken_away_by_emptying_it_but_never_the_last(
    office: Office, olena: Person
) -> None:
    empty = {"title": "", "standfirst": "", "we_ask": "", "background": ""}
    for language in ("en", "ru"):
        assert olena.fill(office.draft(f"texts/{language}"), **empty).status == 200
    assert [text.language for text in office.campaign().texts] == ["fr"]
    page = olena.fill(office.draft("texts/fr"), **empty)
    assert page.status == 422
    assert "This is the only language of the page" in page.text


def test_the_preview_is_the_public_page_before_it_is_public(office: Office, olena: Person) -> None:
    for language, words in (("en", "Write your letter"), ("fr", ""), ("ru", "")):
        page = olena.open(office.draft(f"preview/{language}"))
        assert page.status == 200
        assert f'<html lang="{language}"' in page.text
        assert words in page.text
        title = next(t.title for t in office.campaign().texts if t.language == language)
        assert title in page.text.replace("&#39;", "'")
    assert office.anybody().open(f"/en/campaigns/{office.draft_ref}").status == 404


def title_of(office: Office, language: str = "en") -> str:
    return next(text.title for text in office.campaign().texts if text.language == language)


def versions(office: Office, campaign: Campaign) -> set[int]:
    with office.database.reading() as session:
        kept = select(LetterTemplate.version).where(LetterTemplate.campaign_id == campaign.id)
        return set(session.scalars(kept))


def published(office: Office, olena: Person, amal: Person) -> Page:
    olena.press(olena.open(office.draft("review")).form("/review/ask"))
    form = amal.open(office.draft("review")).form("/review/publish")
    for tick in ("person", "facts", "recipients", "letters", "safety"):
        form.put(f"tick-{tick}", "1")
    return amal.press(form)
