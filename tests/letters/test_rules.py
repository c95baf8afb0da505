from __future__ import annotations

import time

import pytest

from app.letters.agreement import Concerned, WriterForm, conditions
from app.letters.placeholders import CONDITIONS, PLACEHOLDERS
from app.letters.rules import (
    BYTES_AT_MOST,
    TemplateRefused,
    check_template,
    unknown_placeholders,
)
from tests.letters.payloads import BODY, BOMBS, ESCAPES, SANDBOX

LIMITS = ("too_deep", "condition_repeated", "too_many_holes")


def refusal(source: str, *, body: bool = True) -> TemplateRefused:
    with pytest.raises(TemplateRefused) as caught:
        check_template(source, body=body)
    return caught.value


def test_text_with_declared_holes_is_accepted() -> None:
    check_template(BODY, body=True)
    check_template("Release {{person_name}} now", body=False)


@pytest.mark.parametrize("name", [placeholder.name for placeholder in PLACEHOLDERS])
def test_every_declared_placeholder_may_stand_in_a_body(name: str) -> None:
    required = name in ("own_sentence", "demands")
    assert name in check_template(BODY if required else f"{BODY}\n\n{{{{ {name} }}}}", body=True)


@pytest.mark.parametrize(
    "payload",
    [*ESCAPES.values(), *SANDBOX.values()],
    ids=[*ESCAPES.keys(), *(f"sandbox: {name}" for name in SANDBOX)],
)
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
    assert error.reason in ("not_allowed", "unknown_placeholder", "syntax", *LIMITS)
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


def body_with(passage: str) -> str:
    return BODY.replace("Thank you.", passage)


@pytest.mark.parametrize(
    "passage",
    [
        "{% if feminine %}a{% elif masculine %}b{% else %}c{% endif %}",
        "{% if feminine %}a{% elif neutral %}c{% endif %}",
        "{% if neutral %}c{% endif %}",
        "I{% if person_several %}{% if person_feminine %}a{% else %}b{% endif %}{% endif %}.",
        "{% if person_two %}a{% elif person_several %}b{% endif %}",
        "{% if feminine %}{{ date }}{% else %}{{ person_pronoun | upper_first }}{% endif %}",
        "two {% if feminine %}\nlines{% else %}\nhere{% endif %}",
        "{%- if neutral -%}c{%+ endif %}",
    ],
)
def test_a_template_may_choose_by_the_declared_forms(passage: str) -> None:
    check_template(body_with(passage), body=True)
    check_template(passage, body=False)


def test_choices_are_nested_three_deep_and_no_deeper() -> None:
    conditions = ["person_several", "person_two", "neutral", "person_neutral"]

    def nested(depth: int) -> str:
        opened = "".join(f"{{% if {name} %}}" for name in conditions[:depth])
        return opened + "x" + "{% endif %}" * depth

    check_template(nested(3), body=False)
    error = refusal(body_with(f"Yes.\n{nested(4)}"))
    assert (error.reason, error.line) == ("too_deep", 8)


@pytest.mark.parametrize(
    ("passage", "missing"),
    [
        ("{% if feminine %}a{% elif masculine %}b{% endif %}", "neutral"),
        ("{% if masculine %}b{% endif %}", "neutral"),
        ("{% if person_feminine %}a{% endif %}", "person_neutral"),
        ("{% if feminine %}a{% elif person_neutral %}b{% endif %}", "neutral"),
    ],
)
def test_a_choice_by_gender_needs_words_for_those_who_chose_none(
    passage: str, missing: str
) -> None:
    error = refusal(body_with(passage))
    assert (error.reason, error.line, error.detail) == ("neutral_missing", 7, missing)


def test_a_condition_is_asked_once_in_a_chain() -> None:
    error = refusal(body_with("{% if feminine %}a\n{% elif feminine %}b{% else %}c{% endif %}"))
    assert (error.reason, error.line, error.detail) == ("condition_repeated", 8, "feminine")


def test_an_unknown_condition_is_named_with_its_line() -> None:
    error = refusal(body_with("Well,\n{% if femenine %}a{% else %}b{% endif %}"))
    assert (error.reason, error.line, error.detail) == ("unknown_placeholder", 8, "femenine")


@pytest.mark.parametrize(
    "passage",
    [
        "{% if feminine %}a",
        "{% if feminine %}a\n\nb{% else %}c{% endif %}",
        "{% if feminine %}a{% else %}b{% else %}c{% endif %}",
        "{% if feminine %}a{% else %}b{% elif masculine %}c{% endif %}",
        "{% if %}a{% endif %}",
        "{% if feminine %}a{% else %}b{% endif feminine %}",
    ],
)
def test_a_choice_that_is_not_closed_in_its_paragraph_is_refused(passage: str) -> None:
    assert refusal(body_with(passage)).reason in ("syntax", "not_allowed", "neutral_missing")


@pytest.mark.parametrize("name", ["own_sentence", "demands", "writer_about"])
def test_what_stands_alone_does_not_stand_under_a_condition(name: str) -> None:
    hole = f"{{{{ {name} }}}}"
    chosen = f"{{% if feminine %}}{hole}{{% else %}}x{{% endif %}}"
    body = BODY.replace(hole, "") + f"\n\n{chosen}"
    assert refusal(body).reason.endswith("_not_alone")


def test_a_line_about_the_writer_may_be_missing_but_stands_alone() -> None:
    check_template(body_with("{{ writer_about }}"), body=True)
    error = refusal(body_with("{{ writer_about }}\n\nI say: {{ writer_about }}"))
    assert (error.reason, error.line, error.detail) == ("place_not_alone", 9, "writer_about")
    assert refusal("{{ writer_about }}", body=False).reason == "not_allowed"


def test_declared_names_are_known_and_others_are_not() -> None:
    assert refusal(body_with("I am {{ worried }}.")).reason == "unknown_placeholder"
    used = check_template(body_with("I am {{ worried }}."), body=True, forms=["worried"])
    assert "worried" in used
    assert unknown_placeholders("{{ worried }} {{ bored }}", declared=["worried"]) == ["bored"]


def test_a_template_has_five_hundred_holes_at_most() -> None:
    check_template(body_with("{{ date }} " * (500 - 3)), body=True)
    assert refusal(body_with("{{ date }} " * (501 - 3))).reason == "too_many_holes"


def test_the_help_names_what_the_rules_know() -> None:
    truth = conditions(WriterForm.NEUTRAL, Concerned(), 1)
    assert {condition.name for condition in CONDITIONS} == truth.keys()
    for condition in CONDITIONS:
        check_template(condition.example, body=False)
