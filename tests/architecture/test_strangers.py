"""Every address, for everybody, reaching for what is somebody else's: it is not there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.web.audience import Audience
from tests.architecture.strangers import (
    ADA,
    BASE,
    LOOKING,
    OBJECTS,
    PLAIN,
    SHARED,
    STAFF,
    TARIQ,
    UMA,
    WITHOUT_OBJECTS,
    House,
    build_house,
)
from tests.cast import KOFI, MAX, OLENA, Person

# Who comes by, and whether the house is theirs.
EVERYBODY: tuple[tuple[str, Person | None], ...] = (
    ("nobody", None),
    ("an organiser of another section", MAX),
    ("a coordinator of another section", TARIQ),
    ("somebody of every role in another section", UMA),
    ("our coordinator", KOFI),
    ("our administrator", ADA),
)
# Who has every role may do what each role may: the roles one by one are the long form.
STRANGERS = tuple(
    pytest.param(one, id=one[0], marks=pytest.mark.long if one[1] in (MAX, TARIQ) else ())
    for one in EVERYBODY[:4]
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    built = build_house(tmp_path_factory.mktemp("strangers"))
    yield built
    built.database.dispose()


def methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"OPTIONS"})


def with_objects(house: House) -> list[Rule]:
    return [rule for rule in house.rules() if rule.arguments & set(OBJECTS)]


def ask(client: FlaskClient, method: str, path: str, token: str = "") -> TestResponse:
    data = {"csrf_token": token, "to": "hidden", "reason": "stopped", "note": "x", "paper": "a4"}
    form = data if method == "POST" else None
    return client.open(path, method=method, data=form, base_url=BASE)


def without(path: str, answer: TestResponse) -> str:
    """The page, but for the address it was asked for in each of our languages."""
    return answer.text.replace(path.removeprefix("/en"), "")


def csrf_token(client: FlaskClient) -> str:
    """The token of the caller's own session, so that it is the object that is refused."""
    page = client.get("/account", base_url=BASE)
    if page.status_code != 200:
        return ""
    return page.text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]


def test_everything_that_an_address_may_hold_is_described(house: House) -> None:
    """A new address with a new kind of object must say here what it leads to."""
    known = {*OBJECTS, *PLAIN, "slug", "name"}
    unknown = {str(rule): rule.arguments - known for rule in house.rules()}
    assert {rule: names for rule, names in unknown.items() if names} == {}
    named = [rule.endpoint for rule in house.rules() if "name" in rule.arguments]
    assert all(any(name.startswith(one) for one in SHARED) for name in named), named
    bare = {rule.endpoint for rule in house.rules() if not rule.arguments & {*OBJECTS, "name"}}
    assert bare == WITHOUT_OBJECTS


def test_the_house_itself_is_there(house: House) -> None:
    """Or else every 404 below would say nothing."""
    olena, visitor = house.browser(OLENA), house.browser()
    for rule in with_objects(house):
        if "GET" in methods(rule):
            caller = olena if house.audience(rule) in STAFF else visitor
            path = house.own_address(rule)
            assert ask(caller, "GET", path).status_code in (200, 301, 302, 303), path


@pytest.mark.parametrize("who", STRANGERS)
def test_what_is_somebody_elses_is_not_there(house: House, who: tuple[str, Person | None]) -> None:
    """404, and the same 404 as for what does not exist."""
    _name, person = who
    client = house.browser(person)
    token = csrf_token(client)
    before, tried = house.fingerprint(), 0
    for rule in with_objects(house):
        is_staff = house.audience(rule) in STAFF
        for method in methods(rule):
            for path, absent in house.foreign_addresses(rule):
                answer, nothing = (
                    ask(client, method, path, token),
                    ask(client, method, absent, token),
                )
                tried += 1
                said = f"{method} {path}: {answer.status_code}"
                if is_staff and person is None:
                    # Who has not signed in is asked to, whatever they look for.
                    assert answer.status_code in (302, 401), said
                else:
                    assert answer.status_code == 404, said
                assert answer.status_code == nothing.status_code, said
                assert without(path, answer) == without(absent, nothing), said
    assert house.fingerprint() == before
    assert tried > 150


@pytest.mark.parametrize("who", EVERYBODY, ids=[name for name, _ in EVERYBODY])
def test_a_role_opens_its_own_doors_and_no_others(
    house: House, who: tuple[str, Person | None]
) -> None:
    _name, person = who
    client = house.browser(person)
    token = csrf_token(client)
    may = {
        None: set(),
        MAX: {Audience.ORGANISER, Audience.COORDINATOR, Audience.STAFF},
        TARIQ: {Audience.COORDINATOR, Audience.STAFF},
        KOFI: {Audience.COORDINATOR, Audience.STAFF},
        ADA: {Audience.ADMINISTRATOR, Audience.STAFF},
        UMA: STAFF,
    }[person]
    before = house.fingerprint()
    for rule in house.rules():
        audience = house.audience(rule)
        if audience not in STAFF or audience in may:
            continue
        path = house.own_address(rule)
        for method in methods(rule):
            status = ask(client, method, path, token).status_code
            assert status in ((302, 401) if person is None else (404,)), f"{method} {path}"
    assert house.fingerprint() == before


def test_the_mail_on_this_machine_is_for_this_machine(house: House) -> None:
    for person in (None, OLENA, UMA):
        client = house.browser(person)
        for rule in house.rules():
            if house.audience(rule) is Audience.LOCAL:
                path = house.own_address(rule)
                assert ask(client, "GET", path).status_code == 404, path


def test_a_draft_is_unknown_to_the_public_and_even_to_its_writer_there(house: House) -> None:
    for person in (None, OLENA):
        client = house.browser(person)
        for rule in with_objects(house):
            if "ref" in rule.arguments and house.audience(rule) not in STAFF:
                path = house.own_address(rule).replace(house.ours.published, house.ours.draft)
                for method in methods(rule):
                    status = ask(client, method, path).status_code
                    assert status == 404, f"{method} {path}: {status}"


def test_the_numbers_of_a_draft_are_nobodys(house: House) -> None:
    for person in (OLENA, KOFI, TARIQ, UMA):
        client = house.browser(person)
        for path in (
            f"/stats/campaigns/{house.ours.draft}",
            f"/stats/export.csv?campaign={house.ours.draft}",
        ):
            assert ask(client, "GET", path).status_code == 404, path


def test_an_office_of_another_book_cannot_be_written_to(house: House) -> None:
    """An object named in a form is looked for among one's own, as one in an address is."""
    client = house.browser(MAX)
    path = f"/desk/campaigns/{house.theirs.draft}/targets"
    page = client.get(path, base_url=BASE).text
    opened = page.split('name="opened"')[1].split('value="')[1].split('"')[0]
    data = {
        "csrf_token": csrf_token(client),
        "opened": opened,
        "row": "new-1",
        "position-new-1": "2",
        "authority-new-1": house.authority_id(house.ours.key),
        "kind-new-1": "to",
    }
    before = house.fingerprint()
    answer = client.post(path, data=data, base_url=BASE)
    assert answer.status_code == 422
    assert house.fingerprint() == before


def test_looking_methods_are_all_that_pages_know(house: House) -> None:
    client = house.browser()
    for rule in house.rules():
        path = house.own_address(rule)
        for method in ("PUT", "PATCH", "DELETE", "TRACE"):
            status = client.open(path, method=method, base_url=BASE).status_code
            assert status in (404, 405), f"{method} {path}: {status}"
        assert rule.methods <= LOOKING | {"POST"}
