"""The screen of one letter: forms, variants, forms of address, and what a translation is of."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.campaigns.lettering import read_letter
from app.campaigns.models import Target
from app.campaigns.queries import current_templates, get_campaign
from app.campaigns.sources import recipient_of
from app.campaigns.translations import out_of_date
from app.core.db import unit_of_work
from app.signatures.actions import confirm
from app.signatures.originality import AT_LEAST
from tests.builders import LINKS, a_form, a_signature
from tests.cast import Person as Cast
from tests.web.organiser.conftest import Office
from tests.web.organiser.pages import Form, Page, Person

ENGLISH, FRENCH = "letters/authorities/en", "letters/authorities/fr"


def with_a_form(office: Office, olena: Person, **fields: str) -> Page:
    """The French letter with one more form in it, saved."""
    form = olena.open(office.draft(FRENCH)).form()
    form.put("body", form.get("body") + "\r\n\r\nJe suis {{ worried }}.")
    given = {
        "form_name-new": "worried",
        "form_of-new": "writer",
        "form_neutral-new": "préoccupé·e",
        "form_feminine-new": "préoccupée",
        "form_masculine-new": "préoccupé",
    }
    for name, text in (given | fields).items():
        form.put(name, text)
    return olena.press(form)


def test_a_word_that_agrees_is_declared_and_shown_as_each_writer_would_say_it(
    office: Office, olena: Person
) -> None:
    page = with_a_form(office, olena)
    assert "Saved." in page.text
    form = page.form()
    assert (form.get("form_name-1"), form.get("form_feminine-1")) == ("worried", "préoccupée")
    assert "Je suis préoccupé·e." in page.text
    form.put("writer", "feminine")
    shown = olena.press(form, ("preview", "0"))
    assert "Je suis préoccupée." in shown.text
    assert shown.form().get("writer") == "feminine"


def test_a_form_that_is_removed_from_text_and_list_is_gone(office: Office, olena: Person) -> None:
    form = with_a_form(office, olena).form()
    form.put("body", form.get("body").replace("\r\n\r\nJe suis {{ worried }}.", ""))
    form.put("remove-1", "1")
    assert "Saved." in olena.press(form).text
    with office.database.reading() as session:
        assert read_letter(session, office.campaign(), "authorities", "fr").forms == ()


@pytest.mark.parametrize(
    ("fields", "at", "words"),
    [
        ({"form_name-new": ""}, "form_name-new", "Give the form a name"),
        ({"form_name-new": "Inquiète"}, "form_name-new", "Use another name"),
        ({"form_name-new": "demands"}, "form_name-new", "Use another name"),
        ({"form_neutral-new": ""}, "form_neutral-new", "when nothing else fits"),
        ({"form_two-new": "préoccupés"}, "form_name-new", "agrees either with the writer or"),
        ({"form_neutral-new": "{{ name }}"}, "form_name-new", "on one line, without braces"),
        ({"body": "{{ own_sentence }}\n\n{{ demands }}"}, "form_name-new", "stands nowhere"),
        ({"variant_opening-1": "Une phrase."}, "variant_opening-1", "two to four variants"),
        (
            {"variant_opening-1": "Une phrase.", "variant_opening-3": "Une  phrase."},
            "variant_opening-3",
            "the same as another",
        ),
        (
            {"variant_ask-1": "Une.", "variant_ask-2": "Deux.\n\nTrois."},
            "variant_ask-2",
            "is one paragraph",
        ),
        ({"variant_ask-1": "Une.", "variant_ask-2": "Deux."}, "body", "no paragraph {{ ask }}"),
        ({"body": "{{ opening }}\n\n{{ own_sentence }}\n\n{{ demands }}"}, "body", "opening"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    office: Office, olena: Person, fields: dict[str, str], at: str, words: str
) -> None:
    page = with_a_form(office, olena, **fields)
    assert page.status == 422
    assert f'href="#{at}"' in page.text
    assert words in page.text
    form = page.form()
    assert form.get("form_feminine-new") == "préoccupée"
    for name, typed in fields.items():
        assert form.get(name).replace("\r\n", "\n") == typed
    assert office.campaign().revision == 1


def test_every_fault_of_a_letter_is_told_at_once(office: Office, olena: Person) -> None:
    page = with_a_form(
        office, olena, subject="{{ nobody }}", body="{{ nowhere }}", **{"form_name-new": "B d"}
    )
    for at in ("subject", "body", "form_name-new"):
        assert f'href="#{at}"' in page.text


def add_variants(form: Form) -> None:
    form.put("body", "{{ opening }}\r\n\r\n" + form.get("body"))
    form.put("variant_opening-1", "I write to you with concern.")
    form.put("variant_opening-2", "I turn to you in good faith.")


def test_variants_are_shown_one_mix_after_the_other(office: Office, olena: Person) -> None:
    form = olena.open(office.draft(ENGLISH)).form()
    add_variants(form)
    page = olena.press(form)
    assert "Saved." in page.text
    assert ("preview", "1") in page.form().buttons
    sheet = page.text.split('class="sheet"', 1)[1]
    assert "with concern" in sheet
    other = olena.press(page.form(), ("preview", "1")).text.split('class="sheet"', 1)[1]
    assert "in good faith" in other
    assert "with concern" not in other


def test_a_campaign_may_address_an_office_in_its_own_way(office: Office, olena: Person) -> None:
    page = olena.open(office.draft(ENGLISH))
    target = first_authority(office)
    form = page.form()
    form.put(f"salutation-{target.id}", "Your Excellency,")
    page = olena.press(form)
    assert "Saved." in page.text
    assert "Your Excellency," in page.text.split('class="sheet"', 1)[1]
    campaign = office.campaign()
    changed = first_authority(office)
    assert recipient_of(changed, "en").salutation == "Your Excellency,"
    assert recipient_of(changed, "fr").salutation == recipient_of(target, "fr").salutation
    with office.database.reading() as session:
        versions = {letter.version for letter in current_templates(session, campaign.id).values()}
    assert versions == {1}, "the text is the same, so it is no new version"
    form = page.form()
    form.put(f"salutation-{target.id}", "")
    olena.press(form)
    assert first_authority(office).manners == {}


def first_authority(office: Office) -> Target:
    return next(
        target for target in office.campaign().targets if target.audience.key == "authorities"
    )


def translate(office: Office, olena: Person) -> Page:
    """The English letter tied to the French one, paragraph by paragraph."""
    form = olena.open(office.draft(ENGLISH)).form()
    form.put("source_language", "fr")
    page = olena.press(form)
    assert "Saved." in page.text
    return page


def test_a_changed_paragraph_marks_its_translation_until_somebody_ties_it_anew(
    office: Office, olena: Person
) -> None:
    page = translate(office, olena)
    links = [text for name, text in page.form().values if name == "link"]
    assert len(links) > 2
    assert "out of date" not in page.text
    source = olena.open(office.draft(FRENCH)).form()
    first, _, rest = source.get("body").partition("\r\n\r\n")
    source.put("body", first + " Un fait nouveau.\r\n\r\n" + rest)
    olena.press(source)

    page = olena.open(office.draft(ENGLISH))
    assert "1 paragraph is out of date" in page.text
    assert "Un fait nouveau." in page.text
    assert "out of date" in olena.open(office.draft("letters")).text
    with office.database.reading() as session:
        behind = out_of_date(current_templates(session, office.campaign().id))
    found = {(lag.stale, lag.untranslated) for (_, language), lag in behind.items() if lag}
    assert found == {(1, 1)}, "each translation of it, by the one paragraph"

    # Saving something else does not say that the paragraph was read again.
    form = page.form()
    form.put("subject", form.get("subject") + "!")
    page = olena.press(form)
    assert "1 paragraph is out of date" in page.text
    form = page.form()
    fresh = page.text.split('name="link"')[1].split('<option value="')[3].split('"')[0]
    form.put("link", fresh, *[text for name, text in form.values if name == "link"][1:])
    page = olena.press(form)
    assert "Saved." in page.text
    assert "out of date" not in page.text


def test_a_reviewer_sees_which_letter_translates_an_older_text(
    office: Office, olena: Person, amal: Person
) -> None:
    translate(office, olena)
    source = olena.open(office.draft(FRENCH)).form()
    source.put("body", "Un fait nouveau.\r\n\r\n" + source.get("body"))
    olena.press(source)
    review = olena.open(office.draft("review"))
    olena.press(review.form("/ask"))
    assert amal.open(office.draft("review")).text.count("translates an older text") > 1


def test_two_people_on_one_letter_lose_neither_form(
    office: Office, olena: Person, amal: Person
) -> None:
    late = amal.open(office.draft(FRENCH)).form()
    with_a_form(office, olena)
    late.put("subject", "Un autre sujet")
    late.put("form_name-new", "sad")
    late.put("form_neutral-new", "triste")
    page = amal.press(late)
    assert page.status == 409
    form = page.form()
    assert form.get("subject") == "Un autre sujet"
    assert form.get("form_name-1") == "worried"
    assert form.get("form_neutral-new") == "triste"


def test_the_list_says_how_much_writers_make_their_own(office: Office, olena: Person) -> None:
    assert "make their own" not in olena.open(office.open("letters")).text
    with unit_of_work(office.database.writing) as session:
        campaign = get_campaign(session, office.open_ref)
        for number in range(AT_LEAST):
            who = Cast(f"Sam {number}", f"sam{number}@example.org")
            moment = datetime.now(UTC)
            form = a_form(campaign, who=who)
            signature = a_signature(session, office.keys, campaign, form, now=moment)
            confirm(session, office.keys, signature, links=LINKS, now=moment)
    page = olena.open(office.open("letters")).text
    assert "make their own" in page
    assert f'<td class="number">{AT_LEAST}</td>' in page
