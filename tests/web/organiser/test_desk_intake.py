"""A document at the desk: pasted or uploaded, looked through, made into a draft; never lost."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.authorities.models import Authority, ContactState
from app.campaigns.models import Campaign, CampaignState, LetterTemplate
from app.campaigns.queries import get_campaign
from app.intake.checks import find_document
from app.intake.models import SourceDocument
from app.sections.models import Section
from tests.conftest import SHARED
from tests.intake.files import ACTION, STATEMENT, docx, paragraph
from tests.web.organiser.conftest import Office
from tests.web.organiser.pages import Form, Page, Person

PASTE = "/desk/documents"


def seed(name: str = "seed-002-fr-amnesty-mamai") -> str:
    path = Path(SHARED) / "urgent-actions" / "seeds" / f"{name}.txt"
    if not path.exists():
        pytest.skip("the shared documents are not here")
    return path.read_text(encoding="utf-8")


def pasted(person: Person, text: str) -> Page:
    return person.fill(PASTE, document=text)


def make(person: Person, page: Page, **fields: str) -> Page:
    form = page.form("/documents/draft")
    for name, typed in fields.items():
        form.put(name, typed)
    return person.press(form)


def minister(form: Form) -> str:
    """The fields of the one recipient that the document names."""
    at = next(name for name, typed in form.values if typed == "Minister of Justice")
    return at.removesuffix("-role")


def newest(office: Office) -> Campaign:
    with office.database.reading() as session:
        kept = session.scalars(select(SourceDocument)).one()
        reference = session.get_one(Campaign, kept.campaign_id).reference
        return get_campaign(session, reference)


def count(office: Office, what: type[Campaign | Authority | SourceDocument]) -> int:
    with office.database.reading() as session:
        return session.scalar(select(func.count()).select_from(what)) or 0


def test_what_was_found_is_shown_and_nothing_is_kept(office: Office, olena: Person) -> None:
    before = count(office, Campaign), count(office, Authority)
    page = pasted(olena, ACTION)
    assert page.status == 200
    form = page.form("/documents/draft")
    assert form.get("title") == "TEACHER AT RISK IN RURITANIA"
    assert form.get("deadline") == "2031-05-12"
    assert form.get(f"{minister(form)}-emails") == "minister@justice.example.org"
    assert 'id="mark-deadline"' in page.text
    assert 'href="#mark-deadline"' in page.text
    assert 'href="#deadline"' in page.text
    assert (count(office, Campaign), count(office, Authority)) == before
    assert count(office, SourceDocument) == 0


@pytest.mark.check("J2")
def test_seed_002_becomes_a_draft_that_says_what_to_check(office: Office, olena: Person) -> None:
    page = pasted(olena, seed())
    assert "is misspelt" in page.text or "misspelt" in page.text
    form = page.form("/documents/draft")
    assert form.get("target-1-faxes") == "+8 7172 74-56-31"
    made = olena.press(form)
    assert made.path.endswith("/found")
    assert made.status == 200
    campaign = newest(office)
    assert campaign.state is CampaignState.DRAFT
    assert campaign.printed_last_day == date(2022, 5, 12)
    assert campaign.last_day is None  # it has passed: nobody may think that it still runs
    assert [person.name for person in campaign.people] == ["Janbolat Mamaï"]
    assert campaign.people[0].pronouns == {"fr": "il"}
    assert campaign.letter_languages == ["ru", "en", "fr"]
    target = campaign.targets[0]
    assert target.manners["fr"]["closing"].startswith("Veillez agréer")
    with office.database.reading() as session:
        letter = session.scalars(
            select(LetterTemplate).where(LetterTemplate.campaign_id == campaign.id)
        ).one()
    assert letter.language == "fr"
    assert "{{ demands }}" in letter.body
    assert list(letter.forms.values()) == [
        {"neutral": "préoccupé·e", "feminine": "préoccupée", "masculine": "préoccupé"}
    ]
    assert "préoccupé-e" not in letter.body
    with office.database.reading() as session:
        document = find_document(session, office.keys, campaign)
    assert document is not None
    fields = {check.finding.field for check in document.checks}
    assert {"deadline", "target-1-faxes", "closing"} <= fields
    assert "Veillez" in made.text
    assert "+8 7172" in made.text


def test_an_office_of_the_book_is_used_and_not_made_twice(office: Office, olena: Person) -> None:
    """The demonstration has the same president, by his e-mail address."""
    before = count(office, Authority)
    page = pasted(olena, seed())
    assert "has this office already" in page.text
    olena.press(page.form("/documents/draft"))
    assert count(office, Authority) == before
    assert newest(office).targets[0].authority.key == "president-kz"


def test_a_new_office_goes_into_the_book_with_its_doubts(office: Office, olena: Person) -> None:
    page = pasted(olena, ACTION.replace("+256 414 254829", "+8 7172 74-56-31"))
    made = make(olena, page, title="A teacher")
    assert made.status == 200
    authority = next(
        target.authority
        for target in newest(office).targets
        if target.authority.offices[0].role == "Minister of Justice"
    )
    points = {point.kind.value: point for point in authority.contact_points}
    assert points["email"].value == "minister@justice.example.org"
    assert points["email"].state is ContactState.OK
    assert points["fax"].value == "+8 7172 74-56-31"
    assert points["fax"].state is ContactState.DOUBTFUL
    assert points["fax"].check_note
    assert "Main Street 1" in points["post"].value


def test_what_was_ticked_or_corrected_is_no_open_check(office: Office, olena: Person) -> None:
    page = pasted(olena, seed())
    form = page.form("/documents/draft")
    form.put("ok-target-1-faxes", "1")
    form.put("closing", "Veuillez agréer, Monsieur le Président, ma haute considération.")
    olena.press(form)
    with office.database.reading() as session:
        document = find_document(session, office.keys, newest(office))
    assert document is not None
    fields = {check.finding.field for check in document.checks}
    assert "deadline" in fields
    assert not fields & {"closing", "target-1-faxes"}


def test_checks_are_settled_one_by_one(office: Office, olena: Person) -> None:
    page = olena.press(pasted(olena, seed()).form("/documents/draft"))
    form = page.form("/found")
    form.put("done", "deadline")
    after = olena.press(form)
    assert after.text.count("checked") >= 1
    with office.database.reading() as session:
        document = find_document(session, office.keys, newest(office))
    assert document is not None
    assert {one.finding.field for one in document.checks if one.is_done} == {"deadline"}
    assert document.left == len(document.checks) - 1


def test_a_document_with_demands_and_no_letter_gets_one_that_is_marked(
    office: Office, olena: Person
) -> None:
    page = pasted(olena, ACTION)
    assert "Composed:" in page.text
    body = page.form("/documents/draft").get("body")
    assert "Ada Prisoner" in body
    olena.press(page.form("/documents/draft"))
    campaign = newest(office)
    assert len(campaign.demands) == 2
    with office.database.reading() as session:
        document = find_document(session, office.keys, campaign)
    assert document is not None
    assert "composed" in {check.finding.reason for check in document.checks}


def test_an_update_of_an_earlier_campaign_joins_its_case(office: Office, olena: Person) -> None:
    make(olena, pasted(olena, ACTION))
    first = newest(office)
    with office.database.writing() as session:
        session.execute(SourceDocument.__table__.delete())
        session.commit()
    page = pasted(olena, ACTION.replace("URGENT ACTION", "FIRST UPDATE URGENT ACTION", 1))
    assert "it is an update of" in page.text
    form = page.form("/documents/draft")
    assert form.get("follows") == first.reference
    olena.press(form)
    assert newest(office).case_id == first.case_id
    assert newest(office).reference != first.reference


def test_what_is_no_action_is_said_so_and_kept_in_the_field(office: Office, olena: Person) -> None:
    before = count(office, Campaign)
    page = pasted(olena, STATEMENT)
    assert page.status == 422
    assert "asks nobody to write to anybody" in page.text
    assert page.form().get("document").startswith("Statement of the Foundation")
    assert count(office, Campaign) == before


def test_a_file_is_read_and_one_that_cannot_be_says_why(office: Office, olena: Person) -> None:
    content = docx("".join(paragraph(line) for line in ACTION.split("\n")))
    page = uploaded(olena, content)
    assert page.status == 200
    assert page.form("/documents/draft").get("deadline") == "2031-05-12"

    page = uploaded(olena, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), document="Kept words.")
    assert page.status == 422
    assert "old Word" in page.text
    assert 'href="#file"' in page.text
    assert page.form().get("document").strip() == "Kept words."


def uploaded(person: Person, content: bytes, document: str = "") -> Page:
    form = person.open(PASTE).form()
    form.put("document", document)
    data: dict[str, object] = dict(form.values)
    data["file"] = (io.BytesIO(content), "action.bin")
    answer = person.client.post(PASTE, data=data, content_type="multipart/form-data")
    return Page(answer, answer.request.path)


def test_an_error_keeps_the_document_and_all_that_was_typed(office: Office, olena: Person) -> None:
    page = pasted(olena, ACTION)
    mails = f"{minister(page.form('/documents/draft'))}-emails"
    refused = make(olena, page, organisation="We", **{mails: "no address"})
    assert f'href="#{mails}"' in refused.text
    refused = make(olena, page, title="", organisation="We", **{mails: "no address"})
    assert refused.status == 422
    assert 'href="#title"' in refused.text
    form = refused.form("/documents/draft")
    assert form.get("organisation") == "We"
    assert form.get(mails) == "no address"
    assert "Ada Prisoner, a teacher" in form.get("document")
    assert count(office, SourceDocument) == 0
    made = make(olena, refused, title="A title", **{mails: "a@example.org"})
    assert made.path.endswith("/found")


def test_an_expired_session_keeps_the_document(office: Office, olena: Person) -> None:
    form = olena.open(PASTE).form()
    form.put("document", ACTION)
    with olena.client.session_transaction("/desk") as session:
        session.clear()
    page = olena.press(form)
    assert page.status == 401
    assert "Ada Prisoner, a teacher" in page.text


def test_a_very_long_document_is_taken_and_a_longer_one_refused(
    office: Office, olena: Person
) -> None:
    long = ACTION + "Дополнительные сведения о деле. " * 3_000
    assert pasted(olena, long).status == 200
    page = pasted(olena, ACTION + "Further words. " * 20_000)
    assert page.status == 422
    assert "longer than" in page.text


def test_the_draft_links_to_its_open_checks(office: Office, olena: Person) -> None:
    olena.press(pasted(olena, seed()).form("/documents/draft"))
    reference = newest(office).reference
    page = olena.open(f"/desk/campaigns/{reference}")
    assert f"/desk/campaigns/{reference}/found" in page.text
    assert "still to be checked" in page.text


def test_a_campaign_without_a_document_has_no_checks_page(office: Office, olena: Person) -> None:
    page = olena.open(office.draft("found"))
    assert page.path == office.draft()


def test_another_sections_office_and_campaign_are_not_known_of(
    office: Office, olena: Person
) -> None:
    page = pasted(olena, ACTION)
    at = minister(page.form("/documents/draft"))
    with office.database.writing() as session:
        elsewhere = session.scalars(select(Section).where(Section.key == "elsewhere")).one()
        authority = session.scalars(select(Authority)).first()
        campaign = session.scalars(select(Campaign)).first()
        assert authority is not None
        assert campaign is not None
        authority.section_id = campaign.section_id = elsewhere.id
        known, reference = str(authority.id), campaign.reference
        session.commit()
    for field, typed in ((f"{at}-office", known), ("follows", reference), (f"{at}-office", "x")):
        refused = make(olena, page, **{field: typed})
        assert refused.status == 422
        assert "Ada Prisoner, a teacher" in refused.form("/documents/draft").get("document")
    assert count(office, SourceDocument) == 0
