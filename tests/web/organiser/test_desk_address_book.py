from __future__ import annotations

import pytest

from app.authorities.models import Authority
from app.authorities.queries import get_authority
from app.delivery.queries import find_mailbox
from tests.cast import OLENA
from tests.web.organiser.conftest import Office
from tests.web.organiser.pages import Form, Person

PRESIDENT = "/desk/address-book/president-kz"


def president(office: Office) -> Authority:
    with office.database.reading() as session:
        return get_authority(session, office.account(OLENA).section_id, "president-kz")


def row_of(office: Office, kind: str) -> str:
    return next(str(point.id) for point in president(office).contact_points if point.kind == kind)


def new_office(person: Person) -> Form:
    form = person.open("/desk/address-book/new").form()
    form.put("country", "KZ")
    form.put("role-en", "Minister of Justice")
    form.put("salutation-en", "Dear Minister,")
    form.put("closing-en", "Yours respectfully,")
    return form


def test_saving_an_office_as_it_stands_changes_nothing(office: Office, olena: Person) -> None:
    before = [(p.kind, p.value, p.check_note, p.state) for p in president(office).contact_points]
    assert olena.press(olena.open(PRESIDENT).form()).status == 200
    after = [(p.kind, p.value, p.check_note, p.state) for p in president(office).contact_points]
    assert before == after


def test_the_number_with_a_code_of_no_country_is_marked_and_not_mended(
    office: Office, olena: Person
) -> None:
    page = olena.open(PRESIDENT)
    assert "No country has this code" in page.text
    assert "+8 7172" in page.form().get(f"value-{row_of(office, 'fax')}")
    assert "doubtful number or address" in olena.open("/desk/address-book").text


def test_an_office_is_added_with_every_kind_of_way_to_reach_it(
    office: Office, olena: Person
) -> None:
    page = olena.press(new_office(olena))
    assert page.path == "/desk/address-book/minister-of-justice-kz"
    for kind, value in (
        ("email", "minister@gmail.com"),
        ("post", "Street 1\r\n010000 Astana"),
        ("fax", "8 7172 74 56 31"),
        ("phone", "+7 7172 74 56 31"),
        ("form", "https://minister.example.org/contact"),
    ):
        page = olena.fill(page.path, **{"kind-new": kind, "value-new": value})
        assert page.status == 200, kind
    assert "Anybody can have an address at this provider" in page.text
    assert "This number has no country code" in page.text
    with office.database.reading() as session:
        found = get_authority(session, office.account(OLENA).section_id, "minister-of-justice-kz")
    assert [point.kind.value for point in found.contact_points] == [
        "email",
        "post",
        "fax",
        "phone",
        "form",
    ]


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("email", "not an address", "Enter an e-mail address like"),
        ("email", "a@b@c", "Enter an e-mail address like"),
        ("form", "javascript:alert(1)", "Enter an address like https"),
        ("phone", "ask the porter", "Enter a number like"),
    ],
)
def test_what_is_no_address_at_all_is_refused_and_kept(
    olena: Person, kind: str, value: str, words: str
) -> None:
    page = olena.fill(PRESIDENT, **{"kind-new": kind, "value-new": value})
    assert page.status == 422
    assert page.text.count(words) == 2
    assert page.form().get("value-new") == value


def test_an_office_needs_a_name_and_forms_of_address(olena: Person) -> None:
    form = new_office(olena)
    for field in ("role-en", "salutation-en", "closing-en"):
        form.put(field, "")
    assert "Describe the office in at least one language" in olena.press(form).text
    form.put("name-en", "Somebody")
    page = olena.press(form)
    assert page.status == 422
    assert "Enter the form of address" in page.text
    assert page.form().get("name-en") == "Somebody"


def test_two_people_on_one_office_see_both(office: Office, olena: Person, amal: Person) -> None:
    hers, his = olena.open(PRESIDENT).form(), amal.open(PRESIDENT).form()
    his.put("name-en", "A Successor")
    hers.put("name-en", "Another Successor")
    assert amal.press(his).status == 200
    page = olena.press(hers)
    assert page.status == 409
    assert page.form().get("name-en") == "Another Successor"
    assert "A Successor" in page.text
    assert olena.press(page.form()).status == 200


def test_a_way_that_is_taken_away_is_gone(office: Office, olena: Person) -> None:
    fax = row_of(office, "fax")
    assert olena.fill(PRESIDENT, **{f"remove-{fax}": "1"}).status == 200
    assert "fax" not in [point.kind for point in president(office).contact_points]


def test_an_organiser_sets_what_a_mailbox_may_get(office: Office, olena: Person) -> None:
    address = f"{PRESIDENT}/budget/{row_of(office, 'email')}"
    form = olena.open(address).form()
    form.put("hour", "30")
    form.put("hours", "09:00-17:30")
    assert olena.press(form).status == 200
    with office.database.reading() as session:
        value = next(p.value for p in president(office).contact_points if p.kind == "email")
        mailbox = find_mailbox(session, value)
    assert mailbox is not None
    assert (mailbox.per_minute, mailbox.per_hour, mailbox.per_day) == (None, 30, None)
    assert (mailbox.opens, mailbox.closes, mailbox.open_days) == (540, 1050, "1234567")
    assert mailbox.time_zone == president(office).time_zone


@pytest.mark.parametrize(("field", "typed"), [("hour", "0"), ("day", "many"), ("hours", "9 to 5")])
def test_a_budget_that_is_none_is_refused_at_its_field(
    office: Office, olena: Person, field: str, typed: str
) -> None:
    form = olena.open(f"{PRESIDENT}/budget/{row_of(office, 'email')}").form()
    form.put(field, typed)
    assert olena.press(form).status == 422


def test_a_telephone_has_no_budget(office: Office, olena: Person) -> None:
    assert olena.open(f"{PRESIDENT}/budget/{row_of(office, 'fax')}").status == 404
