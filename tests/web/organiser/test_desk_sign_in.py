from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.accounts.actions import count_try, leave
from app.accounts.models import Account
from app.accounts.rules import TRIES_OF_ONE
from app.core.db import unit_of_work
from app.state import state_of
from config import Settings
from tests.apps import an_app
from tests.cast import MAX, OLENA, PASSWORD
from tests.web.organiser.conftest import Office
from tests.web.organiser.pages import Page, Person

NEW = "another phrase that is long enough"


def sign_in(person: Person, email: str, password: str, **more: str) -> Page:
    data = {"email": email, "password": password, **more}
    answer = person.client.post("/sign-in", data=data)
    return Page(answer, answer.request.path)


def cookies(page: Page) -> list[str]:
    return page.answer.headers.getlist("Set-Cookie")


def test_signing_in_sets_the_one_cookie_and_leads_to_the_desk(office: Office) -> None:
    olena = office.anybody()
    assert cookies(olena.open("/sign-in")) == []
    page = sign_in(olena, OLENA.email.upper(), PASSWORD)
    assert page.answer.headers["Location"] == "/desk"
    (cookie,) = cookies(page)
    assert cookie.startswith("outcry=")
    for part in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert olena.open("/desk").status == 200


def test_on_https_the_cookie_belongs_to_this_host_alone(office: Office) -> None:
    var = state_of(office.app).settings.var
    app = an_app(Settings(var=var, base_url="https://desk.example.org"))
    client = app.test_client()
    answer = client.post(
        "/sign-in",
        data={"email": OLENA.email, "password": PASSWORD},
        base_url="https://desk.example.org",
    )
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-outcry=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    state_of(app).database.dispose()


def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(office: Office) -> None:
    unknown = sign_in(office.anybody(), "nobody@example.org", PASSWORD)
    wrong = sign_in(office.anybody(), OLENA.email, "not the phrase of Olena")
    assert unknown.status == wrong.status == 422
    assert unknown.text.replace("nobody@example.org", "X") == wrong.text.replace(OLENA.email, "X")
    assert cookies(unknown) == cookies(wrong) == []
    assert "E-mail address and password do not fit" in wrong.text
    assert wrong.title.startswith("Error:")
    assert wrong.form().get("email") == OLENA.email
    assert "not the phrase of Olena" not in wrong.text


def test_a_closed_account_gets_the_same_answer_and_its_session_ends(office: Office) -> None:
    person = office.at_the_desk(OLENA)
    with unit_of_work(office.database.writing) as session:
        leave(session, session.scalars(select(Account).filter_by(email=OLENA.email)).one(), now())
    assert person.open("/desk").path == "/sign-in"
    assert sign_in(office.anybody(), OLENA.email, PASSWORD).status == 422


def test_empty_fields_are_named(office: Office) -> None:
    page = sign_in(office.anybody(), "", "")
    assert page.status == 422
    assert "Enter your e-mail address" in page.text
    assert "Enter your password" in page.text


def test_too_many_tries_are_slowed_down_even_with_the_right_password(office: Office) -> None:
    with unit_of_work(office.database.writing) as session:
        for _ in range(TRIES_OF_ONE):
            assert count_try(session, office.keys, OLENA.email, now())
    page = sign_in(office.anybody(), OLENA.email, PASSWORD)
    assert page.status == 429
    assert cookies(page) == []
    assert sign_in(office.anybody(), MAX.email, PASSWORD).status == 303


def test_a_session_from_before_does_not_survive_signing_in(office: Office) -> None:
    person = office.anybody()
    with person.client.session_transaction("/desk") as session:
        session["_user_id"] = "planted"
        session["csrf_token"] = "planted"
    before = person.client.get_cookie("outcry")
    sign_in(person, OLENA.email, PASSWORD)
    after = person.client.get_cookie("outcry")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    with person.client.session_transaction("/desk") as session:
        assert session["_user_id"] == office.account(OLENA).fs_uniquifier
        assert session.get("csrf_token") != "planted"


def test_signing_out_ends_every_session_of_the_account(office: Office) -> None:
    here, elsewhere = office.at_the_desk(OLENA), office.at_the_desk(OLENA)
    page = here.press(here.open("/account").form("/sign-out"))
    assert page.path == "/sign-in"
    assert "You are signed out" in page.text
    assert here.client.get_cookie("outcry") is None
    assert elsewhere.open("/desk").path == "/sign-in"


def test_a_session_ends_after_a_working_day_however_much_it_is_used(office: Office) -> None:
    person = office.at_the_desk(OLENA)
    with person.client.session_transaction("/desk") as session:
        session["fs_paa"] -= timedelta(hours=12, minutes=1).total_seconds()
    assert person.open("/desk").path == "/sign-in"


def test_after_signing_in_one_goes_on_where_one_was(office: Office) -> None:
    person = office.anybody()
    page = person.open("/desk/reviews")
    form = page.form("/sign-in")
    form.put("email", OLENA.email)
    form.put("password", PASSWORD)
    assert person.press(form).path == "/desk/reviews"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example/desk", "/\\evil.example", "/en/", "desk", "/desk\\.."],
)
def test_nobody_is_sent_elsewhere_by_signing_in(office: Office, elsewhere: str) -> None:
    page = sign_in(office.anybody(), OLENA.email, PASSWORD, next=elsewhere)
    assert page.answer.headers["Location"] == "/desk"


def test_words_typed_into_an_expired_session_are_saved_after_signing_in(office: Office) -> None:
    olena = office.at_the_desk(OLENA)
    form = olena.open(office.draft("texts/en")).form()
    form.put("title", "A title that took an hour")
    olena.client.delete_cookie("outcry")

    signed_out = olena.press(form)
    assert signed_out.status == 401
    assert cookies(signed_out) == []
    again = signed_out.form("/sign-in")
    again.put("email", OLENA.email)
    again.put("password", "a wrong phrase first, then")
    still_there = olena.press(again).form("/sign-in")
    still_there.put("password", PASSWORD)
    kept = olena.press(still_there)
    assert "A title that took an hour" in kept.text
    assert "password" not in [name for name, _ in kept.form("texts/en").values]

    assert olena.press(kept.form("texts/en")).status == 200
    titles = {text.language: text.title for text in office.campaign().texts}
    assert titles["en"] == "A title that took an hour"


def test_no_page_for_supporters_ever_sets_a_cookie_not_even_for_staff(office: Office) -> None:
    olena = office.at_the_desk(OLENA)
    slug = office.campaign(office.open_ref).slug
    for path in ("/", "/en/", f"/en/campaigns/{office.open_ref}/{slug}", "/healthz", "/en/nothing"):
        answer = olena.client.get(path)
        assert "Set-Cookie" not in answer.headers, path
        assert "Cookie" not in answer.headers.get("Vary", ""), path


def test_a_page_for_supporters_does_not_even_read_the_cookie(office: Office) -> None:
    olena = office.at_the_desk(OLENA)
    cookie = olena.client.get_cookie("outcry")
    assert cookie is not None
    for path, is_known in (("/desk", True), ("/en/", False), ("/deskpage", False)):
        headers = {"Cookie": f"outcry={cookie.value}"}
        with office.app.test_request_context(path, headers=headers) as context:
            assert ("_user_id" in context.session) is is_known, path


def test_a_form_of_another_site_is_refused(office: Office) -> None:
    olena = office.at_the_desk(OLENA)
    form = olena.open(office.draft("texts/en")).form()
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = olena.client.post(form.action, data=dict(form.values), headers=headers)
        assert answer.status_code == 403


def test_changing_the_password_needs_the_present_one_and_signs_out_elsewhere(
    office: Office,
) -> None:
    here, elsewhere = office.at_the_desk(OLENA), office.at_the_desk(OLENA)

    def change(present: str, wanted: str) -> Page:
        form = here.open("/account").form("/account/password")
        form.put("present", present)
        form.put("password", wanted)
        return here.press(form)

    assert "not your present password" in change("a guess at the phrase", NEW).text
    assert "at least 15 characters" in change(PASSWORD, "short").text
    assert "Saved." in change(PASSWORD, NEW).text
    assert elsewhere.open("/desk").path == "/sign-in"
    assert here.open("/desk").path == "/desk"
    assert sign_in(office.anybody(), OLENA.email, PASSWORD).status == 422
    assert sign_in(office.anybody(), OLENA.email, NEW).status == 303


def now() -> datetime:
    return datetime.now(UTC)
