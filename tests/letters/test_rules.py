from __future__ import annotations

import time

import pytest

from app.letters.placeholders import PLACEHOLDERS
from app.letters.rules import (
    BYTES_AT_MOST,
    TemplateRefused,
    check_template,
    unknown_placeholders,
)

BODY = """I write to you about {{ person_name }}.

{{ own_sentence }}

{{ demands }}

Thank you."""

ESCAPES = {
    "dunder chain": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "attribute of a placeholder": "{{ writer_name.__class__ }}",
    "public method": "{{ writer_name.upper() }}",
    "subscript": "{{ ''['__class__'] }}",
    "attr filter": "{{ ''|attr('__class__') }}",
    "hex-escaped attr": "{{ ''|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "map attribute": "{{ [1]|map(attribute='__class__')|list }}",
    "groupby": "{{ [1]|groupby('__class__') }}",
    "str.format": "{{ '{0.__class__}'.format(1) }}",
    "format_map": "{{ '{a.__class__}'.format_map({'a': 1}) }}",
    "format kept in a variable": "{% set f = '{0.__class__}'.format %}{{ f(1) }}",
    "format fetched by attr": "{{ ('{0.__class__}'|attr('format'))(1) }}",
    "globals of cycler": "{{ cycler.__init__.__globals__ }}",
    "globals of lipsum": "{{ lipsum.__globals__ }}",
    "globals of joiner": "{{ joiner.__init__.__globals__ }}",
    "context internals": "{{ self._TemplateReference__context }}",
    "code object": "{{ (lipsum).__code__ }}",
    "generator frame": "{{ ([1]|map('upper')).gi_frame }}",
    "mutation": "{{ [].append(1) }}",
    "include": "{% include 'secrets.txt' %}",
    "import": "{% import 'x' as y %}",
    "from import": "{% from 'x' import y %}",
    "extends": "{% extends 'x' %}",
    "block": "{% block a %}{% endblock %}",
    "loop": "{% for c in writer_name %}{{ c }}{% endfor %}",
    "condition": "{% if writer_name %}x{% endif %}",
    "inline condition": "{{ writer_name if date else date }}",
    "assignment": "{% set x = 1 %}",
    "filter": "{{ writer_name|upper }}",
    "filter block": "{% filter upper %}x{% endfilter %}",
    "call": "{{ writer_name() }}",
    "comparison": "{{ writer_name == date }}",
    "test": "{{ writer_name is defined }}",
    "constant": "{{ 'text' }}",
    "constant by name": "{{ true }}",
    "raw": "{% raw %}{{ writer_name }}{% endraw %}",
    "comment": "{# hidden #}",
    "negation": "{{ not writer_name }}",
    "tuple": "{{ writer_name, date }}",
}

BOMBS = {
    "nested range": "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}"
    "{% endfor %}",
    "string repeated": "{{ 'A' * 2000000000 }}",
    "list repeated": "{{ [1] * 500000000 }}",
    "format filter width": "{{ '%999999999d'|format(1) }}",
    "format method width": "{{ '{:999999999}'.format(1) }}",
    "percent width": "{{ '%999999999d' % 1 }}",
    "center": "{{ 'x'|center(999999999) }}",
    "ljust": "{{ 'x'.ljust(999999999) }}",
    "zfill": "{{ 'x'.zfill(999999999) }}",
    "expandtabs": "{{ '\t'.expandtabs(999999999) }}",
    "indent": "{{ 'x'|indent(999999999, true) }}",
    "lipsum": "{{ lipsum(99999) }}",
    "replace chain": "{{ 'aa'|replace('a', 'aaaaaaaa')|replace('a', 'aaaaaaaa') }}",
    "doubling": "{% set n = namespace(s='x') %}{% set n.s = n.s ~ n.s %}",
    "recursive macro": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "huge power": "{{ (10**1000000)|string }}",
    "endless power": "{{ 9**(9**9) }}",
    "number of many digits": "{{ " + "9" * 50_000 + " }}",
    "deep brackets": "{{ " + "(" * 30_000,
    "deep negation": "{{ " + "not " * 15_000 + "date }}",
    "deep additions": "{{ " + "date ~ " * 9_000 + "date }}",
}


def refusal(source: str, *, body: bool = True) -> TemplateRefused:
    with pytest.raises(TemplateRefused) as caught:
        check_template(source, body=body)
    return caught.value


def test_text_with_declared_holes_is_accepted() -> None:
    check_template(BODY, body=True)
    check_template("Release {{person_name}} now", body=False)


@pytest.mark.parametrize("name", [placeholder.name for placeholder in PLACEHOLDERS])
def test_every_declared_placeholder_may_stand_in_a_body(name: str) -> None:
    repeated = name in ("own_sentence", "demands")
    check_template(BODY if repeated else f"{BODY}\n\n{{{{ {name} }}}}", body=True)


@pytest.mark.parametrize("payload", ESCAPES.values(), ids=ESCAPES.keys())
@pytest.mark.parametrize("body", [True, False], ids=["body", "subject"])
def test_a_template_that_could_escape_is_refused(payload: str, *, body: bool) -> None:
    source = BODY.replace("Thank you.", payload) if body else payload
    error = refusal(source, body=body)
    assert error.code == "template_refused"
    assert error.reason in ("not_allowed", "unknown_placeholder", "syntax")
    assert error.line == (7 if body else 1)


@pytest.mark.parametrize("payload", BOMBS.values(), ids=BOMBS.keys())
def test_a_template_that_could_exhaust_the_server_is_refused_at_once(
    payload: str,
) -> None:
    started = time.perf_counter()
    error = refusal(BODY.replace("Thank you.", payload))
    assert error.reason in ("not_allowed", "unknown_placeholder", "syntax")
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    "fragment",
    ["{", "{{ ", "{{ a }}", "{%", "{#", "}}", " ", "{{ date }}\n", "\n\n", "{{ not "],
)
def test_any_template_of_full_size_is_judged_within_a_few_seconds(
    fragment: str,
) -> None:
    started = time.perf_counter()
    refusal(fragment * (BYTES_AT_MOST // len(fragment)))
    assert time.perf_counter() - started < 5


def test_a_hidden_escape_is_not_reached_by_the_parser_alone() -> None:
    # Jinja leaves no trace of these in its tree; only the tokens show them.
    assert refusal(BODY + "\n\n{# note to self #}").reason == "not_allowed"
    assert refusal(BODY + "\n\n{% raw %}x{% endraw %}").reason == "not_allowed"


def test_an_unknown_placeholder_is_named_with_its_line() -> None:
    error = refusal(BODY.replace("Thank you.", "Thank you,\ndear {{ target_nmae }}."))
    assert (error.reason, error.line, error.detail) == (
        "unknown_placeholder",
        8,
        "target_nmae",
    )


def test_lines_are_counted_alike_for_all_line_ends() -> None:
    assert refusal(BODY.replace("\n", "\r\n") + "\r\n\r\n{{ nobody }}").line == 9


def test_unknown_placeholders_are_listed_once_and_in_order() -> None:
    source = "{{ zeta }} {{ date }} {{ alpha }} {{ zeta }} {{ beta|upper }} {{ unfinished"
    assert unknown_placeholders(source) == ["zeta", "alpha", "beta", "unfinished"]
    assert unknown_placeholders(BODY) == []


@pytest.mark.parametrize(
    ("slip", "line"),
    [
        ("{{ date", 7),
        ("{{ }}", 7),
        ("{ date }}", 7),
        ("so\n{{ date date", 8),
        ("{{ date }", 7),
    ],
)
def test_a_slip_of_the_braces_is_refused_with_its_line(slip: str, line: int) -> None:
    error = refusal(BODY.replace("Thank you.", slip))
    assert error.reason in ("syntax", "not_allowed")
    assert error.line == line


def test_a_template_over_64_kib_is_refused_by_bytes() -> None:
    text = "Ж" * ((BYTES_AT_MOST - len(BODY)) // 2)
    check_template(BODY.replace("Thank you.", text), body=True)
    assert refusal(BODY + text + "Ж" * 20).reason == "too_long"


@pytest.mark.parametrize("name", ["own_sentence", "demands"])
def test_a_body_needs_the_sentence_and_the_demands_once_and_alone(name: str) -> None:
    hole = f"{{{{ {name} }}}}"
    assert refusal(BODY.replace(hole, "")).reason == f"{name}_missing"
    assert refusal(BODY.replace(hole, f"I say: {hole}")).reason == f"{name}_not_alone"
    assert refusal(BODY.replace(hole, f"{hole}\nnow")).reason == f"{name}_not_alone"
    assert refusal(BODY.replace(hole, f"{hole}{{{{ date }}}}")).reason == f"{name}_not_alone"
    twice = refusal(f"{BODY}\n\n{hole}")
    assert (twice.reason, twice.line) == (f"{name}_repeated", 9)


@pytest.mark.parametrize("name", ["own_sentence", "demands"])
def test_a_subject_takes_neither_the_sentence_nor_the_demands(name: str) -> None:
    error = refusal(f"About {{{{ {name} }}}}", body=False)
    assert (error.reason, error.detail) == ("not_allowed", name)


def test_lone_surrogates_are_counted_and_do_not_crash() -> None:
    check_template(f"{BODY}\n\n\ud800", body=True)
