"""The campaign page: every state, every language, every way to every office."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from app.campaigns.models import CampaignState, ClosedReason
from tests.conftest import SHARED
from tests.web.conftest import Demonstration, House
from tests.web.supporter import Supporter


@pytest.fixture
def supporter(client: FlaskClient) -> Supporter:
    return Supporter(client)


def test_the_page_says_who_what_until_when_and_that_it_is_a_demonstration(
    supporter: Supporter, demo: Demonstration
) -> None:
    words = supporter.page(f"/en{demo.mamai}").words
    assert "Zhanbolat Mamay must go free" in words
    assert "We ask" in words
    assert "23:59 in Almaty (UTC+5)" in words
    assert "days left" in words
    assert "The real urgent action ended on 12 May 2022" in words
    assert "No letter leaves this machine." in words
    assert "Be one of the first to write." in words


@pytest.mark.parametrize("language", ["en", "fr", "ru"])
def test_the_page_speaks_the_language_of_its_address(
    supporter: Supporter, demo: Demonstration, language: str
) -> None:
    answer = supporter.look(f"/{language}{demo.mamai}", Accept_Language="de")
    assert answer.status_code == 200
    assert f'<html lang="{language}" dir="ltr"' in answer.text
    assert answer.headers["Content-Language"] == language
    for other in ("en", "fr", "ru"):
        link = f'hreflang="{other}" href="http://127.0.0.1:8000/{other}{demo.mamai}"'
        assert link in answer.text
    assert 'hreflang="x-default"' in answer.text


def test_addresses_for_others_never_come_from_the_request(
    supporter: Supporter, demo: Demonstration
) -> None:
    forged = supporter.look(f"/en{demo.mamai}", Host="evil.example")
    assert "evil.example" not in forged.text


@pytest.mark.parametrize(
    "query",
    [
        "_scheme=javascript&_external=1",
        "_anchor=x&_external=1",
        "lang=xx&ref=zzzzz&slug=y",
        "utm=1",
    ],
)
def test_a_query_cannot_lead_our_links_elsewhere(
    supporter: Supporter, demo: Demonstration, query: str
) -> None:
    page = supporter.page(f"/en{demo.mamai}?{query}")
    assert f"/fr{demo.mamai}" in page.links
    moved = supporter.look(f"/en{demo.mamai}-old?{query}")
    assert moved.status_code == 301
    assert moved.location == f"/en{demo.mamai}"


def test_an_old_slug_and_none_lead_to_the_page(supporter: Supporter, demo: Demonstration) -> None:
    for path in (f"/en{demo.mamai}-old?letter=ru", f"/en{demo.mamai.rpartition('/')[0]}?letter=ru"):
        answer = supporter.look(path)
        assert answer.status_code == 301
        assert answer.location == f"/en{demo.mamai}?letter=ru"


@pytest.mark.parametrize(
    ("asked", "spoken", "written"),
    [
        ("fr-CH, fr;q=0.9, en;q=0.8", "fr", "fr"),
        ("ru", "ru", "ru"),
        ("nl, ru;q=0.5, en;q=0.1", "ru", "ru"),
        ("nl", "en", "en"),
        ("", "en", "en"),
        ("*", "en", "en"),
        ("en-US, fr;q=0.9", "en", "en"),
        ("nonsense;;;q=x", "en", "en"),
        ("fr", "fr", "fr"),
        ("FR", "fr", "fr"),
        ("fr-CA", "fr", "fr"),
        ("fr-Latn-FR", "fr", "fr"),
        ("fr;q=0.1", "fr", "fr"),
        ("fr;q=0, en", "en", "en"),
        ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", "ru", "ru"),
        ("en;q=0.2, ru;q=0.9", "ru", "ru"),
        ("en;q=0.9, fr;q=0.9", "en", "en"),
        ("de-AT, de;q=0.9", "de", "en"),
        ("es-419, es;q=0.9", "es", "en"),
        ("pt-BR, pt;q=0.9, en;q=0.5", "pt", "en"),
        ("it-CH", "it", "en"),
        ("uk, ru;q=0.8", "uk", "ru"),
        ("pl", "pl", "en"),
        ("ar-EG, ar;q=0.9, en;q=0.1", "ar", "en"),
        ("fa-IR", "fa", "en"),
        ("tr-TR, tr;q=0.9", "tr", "en"),
        ("kk-KZ, kk;q=0.9, ru;q=0.8", "kk", "ru"),
        ("sw, am;q=0.9, fa;q=0.8", "fa", "en"),
        ("zh-Hant-TW, zh;q=0.9", "en", "en"),
        ("x-klingon, fr;q=0.3", "fr", "fr"),
        ("ru; q=0.5 , fr ; q=0.8", "fr", "fr"),
    ],
)
@pytest.mark.check("I3")
def test_a_neutral_address_looks_at_the_browser_once(
    supporter: Supporter, demo: Demonstration, asked: str, spoken: str, written: str
) -> None:
    """The first page is in what the browser asks for, a campaign in what of that it is written."""
    reference = demo.mamai.split("/")[2]
    for path in (f"/{reference}", f"/campaigns/{reference}"):
        answer = supporter.look(path, Accept_Language=asked)
        assert answer.status_code == 302
        assert answer.location == f"/{written}{demo.mamai}"
        assert "Accept-Language" in answer.headers["Vary"]
    home = supporter.look("/", Accept_Language=asked, Cookie="language=pl; lang=it")
    assert home.location == f"/{spoken}/"
    # An address with a language in it is of that language, whatever the browser says.
    named = supporter.look(f"/tr{demo.mamai}", Accept_Language=asked, Cookie="language=pl")
    assert named.status_code == 200
    assert '<html lang="tr"' in named.text


def test_an_unknown_language_is_no_page(supporter: Supporter, demo: Demonstration) -> None:
    for path in (f"/nl{demo.mamai}", "/nl/", "/zz/privacy", "/pt-br/"):
        assert supporter.look(path).status_code == 404


@pytest.mark.parametrize(
    ("page", "letter", "chosen"),
    [("en", "", "en"), ("fr", "", "ru"), ("ru", "", "ru"), ("fr", "fr", "fr"), ("en", "xx", "en")],
)
def test_the_letter_is_in_a_language_the_target_prefers_unless_another_is_asked_for(
    supporter: Supporter, demo: Demonstration, page: str, letter: str, chosen: str
) -> None:
    found = supporter.page(f"/{page}{demo.mamai}?letter={letter}")
    assert found.values["letter_language"] == [chosen]


def test_the_address_may_name_a_recipient(supporter: Supporter, demo: Demonstration) -> None:
    page = supporter.page(f"/en{demo.dosmagambetov}?to=4&to=99")
    assert page.values["targets"] == ["4"]


def test_every_office_offers_exactly_the_ways_that_the_document_gives(
    supporter: Supporter, demo: Demonstration
) -> None:
    truth = json.loads(
        (SHARED / "urgent-actions/seeds/seed-000-fr-odf-appeal-dosmagambetov.json").read_text(
            encoding="utf-8"
        )
    )
    text = supporter.look(f"/fr{demo.dosmagambetov}").text
    main = text.partition("<main")[2]
    details = main.partition("<details>")[2].partition("</details>")[0]
    offices = [part.partition("</ul>")[0] for part in details.split("<h3>")[1:]]
    assert len(offices) == len(truth["targets"]) == 10
    for office, target in zip(offices, truth["targets"], strict=True):
        for value in (*target["emails"], *target["phones"], *target["faxes"]):
            assert value in office
        if target["contact_form"]:
            assert target["contact_form"] in office
        lines = office.count("<li ")
        given = sum(len(target[kind]) for kind in ("emails", "phones", "faxes"))
        assert lines == given + bool(target["contact_form"]) + bool(target["has_postal_address"])


def test_closing_soon_is_said_and_the_form_stays(
    supporter: Supporter, demo: Demonstration, house: House
) -> None:
    house.change(demo.mamai, closes_at=datetime.now(UTC) + timedelta(hours=30))
    page = supporter.page(f"/en{demo.mamai}")
    assert "29 hours left" in page.words
    assert "form" in page.values


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"closes_at": datetime(2026, 1, 1, tzinfo=UTC)}, "The date for this action has passed"),
        ({"state": CampaignState.PAUSED}, "We are checking facts"),
        (
            {"state": CampaignState.CLOSED, "closed_reason": ClosedReason.EXPIRED},
            "The date for this action has passed",
        ),
        (
            {"state": CampaignState.CLOSED, "closed_reason": ClosedReason.STOPPED},
            "It was stopped before its date",
        ),
        (
            {"state": CampaignState.CLOSED, "closed_reason": ClosedReason.OUTCOME},
            "There is news",
        ),
        (
            {"state": CampaignState.CLOSED, "closed_reason": ClosedReason.SUPERSEDED},
            "A newer urgent action",
        ),
    ],
)
def test_a_page_that_takes_no_letters_says_why_and_keeps_the_letter_readable(
    supporter: Supporter,
    demo: Demonstration,
    house: House,
    values: dict[str, object],
    words: str,
) -> None:
    house.change(demo.mamai, **values)
    page = supporter.page(f"/en{demo.mamai}")
    assert words in page.words
    assert "form" not in page.values
    assert "email" not in page.values
    assert "Your Excellency," in page.words
    assert words in supporter.page(f"/en{demo.mamai}/letter/1").words


@pytest.mark.check("J6")
def test_a_hidden_campaign_is_gone_without_a_name(
    supporter: Supporter, demo: Demonstration, house: House
) -> None:
    house.change(demo.mamai, hidden=True)
    reference = demo.mamai.split("/")[2]
    paths = (demo.mamai, f"{demo.mamai}/letter/1", f"{demo.mamai}/letter/1.pdf", f"{demo.mamai}-x")
    for path in (f"/{reference}", *(f"/en{path}" for path in paths)):
        answer = supporter.look(path)
        assert answer.status_code == 410, path
        assert "amay" not in answer.text.replace(demo.mamai, "")
        assert "noindex" in answer.text
    for path in ("/en/", "/en/campaigns"):
        assert "Mamay" not in supporter.look(path).text


@pytest.mark.parametrize("state", ["draft", "in_review", "scheduled"])
def test_what_is_not_published_is_not_there(
    supporter: Supporter, demo: Demonstration, house: House, state: str
) -> None:
    house.change(demo.mamai, state=CampaignState(state))
    assert supporter.look(f"/en{demo.mamai}").status_code == 404
    assert supporter.look(f"/en{demo.mamai}/letter/1").status_code == 404
    assert "Mamay" not in supporter.look("/en/").text


@pytest.mark.check("I1")
def test_a_text_in_another_language_is_marked_as_such(
    supporter: Supporter, demo: Demonstration, house: House
) -> None:
    reference = demo.mamai.split("/")[2]
    from sqlalchemy import delete, select

    from app.campaigns.models import Campaign, CampaignText
    from app.core.db import unit_of_work

    with unit_of_work(house.database.writing) as session:
        found = session.scalars(select(Campaign.id).where(Campaign.reference == reference)).one()
        session.execute(
            delete(CampaignText).where(
                CampaignText.campaign_id == found, CampaignText.language == "ru"
            )
        )
    answer = supporter.look(f"/ru{demo.mamai}")
    assert answer.status_code == 200
    assert '<h1 lang="en" dir="ltr">' in answer.text


def test_the_first_page_lists_what_is_open_and_what_has_ended(
    supporter: Supporter, demo: Demonstration, house: House
) -> None:
    words = supporter.page("/en/").words
    assert "Mamay" in words
    assert "Dosmagambetov" in words
    house.change(demo.mamai, closes_at=datetime.now(UTC) - timedelta(days=1))
    after = supporter.page("/en/campaigns").words
    open_now, ended = after.split("Ended", 1)
    assert "Mamay" not in open_now
    assert "Mamay" in ended


def test_without_any_campaign_the_first_page_still_says_so(
    supporter: Supporter, demo: Demonstration, house: House
) -> None:
    for path in (demo.mamai, demo.dosmagambetov):
        house.change(path, hidden=True)
    assert "No urgent action is open now." in supporter.page("/en/").words


def test_a_letter_can_be_read_copied_and_printed_without_a_name(
    supporter: Supporter, demo: Demonstration, house: House
) -> None:
    before = house.fingerprint()
    page = supporter.page(f"/en{demo.dosmagambetov}/letter/3?letter=ru")
    assert "130000 Aktau" in page.words
    assert "Максат" in page.words
    pdf = supporter.look(f"/en{demo.dosmagambetov}/letter/3.pdf?letter=ru")
    assert pdf.status_code == 200
    assert pdf.mimetype == "application/pdf"
    assert pdf.data.startswith(b"%PDF-")
    for path in ("3/fax.pdf", "3/envelope.pdf", "labels.pdf"):
        sheet = supporter.look(f"/en{demo.dosmagambetov}/letter/{path}", accept_language="en-US")
        assert sheet.data.startswith(b"%PDF-")
    form = supporter.page(f"/en{demo.dosmagambetov}/letter/3/form?letter=ru&at_most=1500")
    assert "What had to stay out" in form.words
    assert house.fingerprint() == before


def test_a_letter_without_a_name_can_be_opened_in_ones_own_mail_program(
    supporter: Supporter, demo: Demonstration
) -> None:
    page = supporter.page(f"/en{demo.mamai}/letter/1?letter=en")
    mine = next(link for link in page.links if link.startswith("mailto:udp@udp-rk.kz"))
    assert len(mine) <= 1600
    for program in ("mail.google.com", "outlook.live.com", "compose.mail.yahoo.com"):
        assert any(program in link for link in page.links)
    assert "too long for such a link" in page.words
    without = supporter.page(f"/en{demo.dosmagambetov}/letter/3")
    assert not any(link.startswith("mailto:") for link in without.links)


def test_what_to_say_on_the_phone_stands_in_the_language_of_the_letter(
    supporter: Supporter, demo: Demonstration
) -> None:
    pages = [
        supporter.page(f"/fr{demo.dosmagambetov}/letter/{number}?letter=ru")
        for number in range(1, 11)
    ]
    page = next(page for page in pages if "Que dire au téléphone" in page.words)
    assert "Здравствуйте, я звоню по следующему вопросу" in page.words


@pytest.mark.parametrize("number", ["0", "11", "99999999999"])
def test_a_letter_to_nobody_is_no_page(
    supporter: Supporter, demo: Demonstration, number: str
) -> None:
    assert supporter.look(f"/en{demo.dosmagambetov}/letter/{number}").status_code == 404
    assert supporter.look(f"/en{demo.dosmagambetov}/letter/{number}.pdf").status_code == 404
