"""What every answer of every address says to browsers, proxies and other sites."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.web.audience import Audience
from tests.architecture.strangers import BASE, LOOKING, STAFF, House, build_house
from tests.cast import OLENA, PASSWORD

OTHER = "https://evil.example"
# A mail program posts here by itself, from no page at all (RFC 8058).
FROM_ANYWHERE = frozenset(("supporter.stop_reminders", "supporter.leave"))
# What a form of another site looks like, and what no browser of ours sends.
FOREIGN: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": BASE},
    {"Origin": OTHER},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": BASE.replace("https", "http")},
    {"Origin": f"{BASE}:8443"},
    {"Origin": f"{BASE}.evil.example"},
    {"Origin": BASE.replace("act.", "evil.")},
    {"Sec-Fetch-Site": "same-origin", "Origin": OTHER},
)
OURS: tuple[dict[str, str], ...] = (
    {},
    {"Sec-Fetch-Site": "same-origin", "Origin": BASE},
    {"Sec-Fetch-Site": "none"},
    {"Origin": BASE.upper().replace("HTTPS", "https")},
)


class Elements(HTMLParser):
    """What a page asks the browser to run, load or send to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.reached: list[str] = []
        self._script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.inline += [f"{tag} {name}" for name in found if name == "style" or name[:2] == "on"]
        self.inline += ["style element"] if tag == "style" else []
        self._script = tag == "script" and "src" not in found
        # A link that somebody may press leads wherever it leads; these are followed unasked.
        names = {"a": (), "link": ("href",), "form": ("action",)}.get(
            tag, ("src", "srcset", "data")
        )
        if found.get("rel") not in ("alternate", "canonical"):
            self.reached += [str(found[name]) for name in names if found.get(name)]

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.inline.append("script element")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    built = build_house(tmp_path_factory.mktemp("headers"))
    yield built
    built.database.dispose()


def answers(house: House, client: FlaskClient) -> Iterator[tuple[Rule, TestResponse]]:
    """Every address that can be looked at, and what is said to a press without a form."""
    for rule in house.rules():
        path = house.own_address(rule)
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            with client.open(path, method=method, base_url=BASE) as answer:
                yield rule, answer


def policy(answer: TestResponse) -> dict[str, list[str]]:
    parts = answer.headers["Content-Security-Policy"].split(";")
    return {words[0]: words[1:] for words in (part.split() for part in parts)}


def test_every_answer_is_closed_to_other_sites(house: House) -> None:
    visitor = house.browser()
    errors = [
        visitor.get("/en/nothing-here", base_url=BASE),
        visitor.get("/nothing-at-all/at/all", base_url=BASE),
        visitor.put("/en/", base_url=BASE),
        visitor.post("/en/", base_url=BASE, headers={"Origin": OTHER}),
        visitor.post("/sign-in", base_url=BASE, data={"email": "x" * 4_000_000}),
    ]
    assert [answer.status_code for answer in errors] == [404, 404, 405, 403, 413]
    seen = 0
    for answer in (*errors, *(each for _rule, each in answers(house, visitor))):
        headers, said = answer.headers, answer.request.path
        found = policy(answer)
        assert found["default-src"] == ["'none'"], said
        assert found["frame-ancestors"] == ["'none'"], said
        assert found["base-uri"] == ["'none'"], said
        assert found["form-action"] == ["'self'"], said
        assert found["script-src"] == ["'self'"], said
        assert found["style-src"] == ["'self'"], said
        allowed = {source for sources in found.values() for source in sources}
        assert allowed == {"'none'", "'self'", "data:"}, said
        assert headers["Referrer-Policy"] == "same-origin", said
        assert headers["X-Content-Type-Options"] == "nosniff", said
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", said
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", said
        assert headers["Strict-Transport-Security"] == "max-age=31536000", said
        permissions = headers["Permissions-Policy"].split(", ")
        assert {"camera=()", "geolocation=()", "browsing-topics=()"} <= set(permissions), said
        assert all(one.endswith("=()") for one in permissions), said
        assert headers.get("Access-Control-Allow-Origin") is None, said
        seen += 1
    assert seen > 100


@pytest.mark.check("P3", "P4")
def test_no_page_holds_a_script_or_a_style_or_asks_another_site_for_anything(house: House) -> None:
    pages = 0
    for client in (house.browser(), house.browser(OLENA)):
        for _rule, answer in answers(house, client):
            if answer.mimetype == "text/html" and answer.status_code == 200:
                found = Elements(answer.text)
                assert found.inline == [], answer.request.path
                assert [one for one in found.reached if not re.match(r"[/?#]", one)] == []
                assert not [one for one in found.reached if one.startswith("//")]
                pages += 1
    assert pages > 40


def test_supporters_get_no_cookie_whatever_they_do(house: House) -> None:
    visitor = house.browser()
    for rule, answer in answers(house, visitor):
        assert "Set-Cookie" not in answer.headers, rule
    # Not even one that comes along changes that.
    visitor.set_cookie("__Host-outcry", "x", domain="act.outcry.test", secure=True)
    for rule, answer in answers(house, visitor):
        if house.audience(rule) not in STAFF and not rule.endpoint.startswith("account."):
            assert "Set-Cookie" not in answer.headers, rule


def test_staff_get_one_cookie_by_signing_in_and_by_nothing_else(house: House) -> None:
    client = house.browser()
    data = {"email": OLENA.email, "password": PASSWORD}
    answer = client.post("/sign-in", data=data, base_url=BASE)
    (cookie,) = answer.headers.getlist("Set-Cookie")
    name, *attributes = (part.strip() for part in cookie.split(";"))
    assert name.startswith("__Host-outcry=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(attributes)
    assert not [one for one in attributes if one.lower().startswith("domain")]
    # The numbers and pages of supporters neither read nor renew it.
    for rule, answer in answers(house, client):
        if house.audience(rule) not in STAFF and not rule.endpoint.startswith("account."):
            assert "Set-Cookie" not in answer.headers, rule
        names = {one.partition("=")[0] for one in answer.headers.getlist("Set-Cookie")}
        assert names <= {"__Host-outcry"}, rule


@pytest.mark.check("P4")
def test_what_is_somebodys_own_is_kept_by_no_cache_and_found_by_no_search(house: House) -> None:
    own = 0
    for client in (house.browser(), house.browser(OLENA)):
        for rule, answer in answers(house, client):
            is_own = "token" in rule.arguments or house.audience(rule) is not Audience.PUBLIC
            if is_own or answer.request.method == "POST":
                assert answer.headers["Cache-Control"] == "no-store", rule
                assert answer.headers["X-Robots-Tag"] == "noindex", rule
                own += 1
    assert own > 100


def test_a_form_of_another_site_is_refused_at_every_address_that_acts(house: House) -> None:
    visitor, olena = house.browser(), house.browser(OLENA)
    before, tried = house.fingerprint(), 0
    for rule in house.rules():
        if rule.methods <= LOOKING or rule.endpoint in FROM_ANYWHERE:
            continue
        path = house.own_address(rule)
        for client in (visitor, olena):
            for headers in FOREIGN:
                answer = client.post(path, base_url=BASE, headers=headers, data={"note": "x"})
                assert answer.status_code == 403, f"{path} {headers}"
                tried += 1
    assert house.fingerprint() == before
    assert tried > 500


def test_our_own_forms_and_programs_without_an_origin_are_let_in(house: House) -> None:
    visitor = house.browser()
    for rule in house.rules():
        if rule.methods <= LOOKING:
            continue
        path = house.own_address(rule).replace(house.ours.published, "zzzzz")
        for name, token in house.ours.tokens.items():
            path = path.replace(token, house.forged[name][0])
        for headers in OURS:
            status = visitor.post(path, base_url=BASE, headers=headers).status_code
            assert status not in (400, 403), f"{path} {headers}"


def test_one_press_of_a_mail_program_needs_no_page_of_ours(house: House) -> None:
    rules = [
        one for one in house.rules() if one.endpoint in FROM_ANYWHERE and "POST" in one.methods
    ]
    assert {one.endpoint for one in rules} == FROM_ANYWHERE
    data = {"List-Unsubscribe": "One-Click"}
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example"}
    for rule in rules:
        path = house.own_address(rule)
        answer = house.browser().post(path, base_url=BASE, data=data, headers=headers)
        assert answer.status_code == 200
