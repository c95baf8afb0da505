"""What is not text, a declared hole or a choice by a declared form is never compiled, anywhere."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, nodes

from app.letters.agreement import WriterForm
from app.letters.declarations import Forms, Variants, check_source
from app.letters.placeholders import CONDITION_NAMES, FILTERS, NAMES
from app.letters.render import Answers, FinishedLetter, LetterSource, Recipient, render
from app.letters.rules import BYTES_AT_MOST, HOLES_AT_MOST, TemplateRefused, check_template
from app.letters.sheets import compile_sheet
from tests.letters.payloads import BODY, at_the_end, payloads

PAYLOADS = payloads()
SLOTTED = BODY.replace("I write to you about {{ person_name }}.", "{{ opening }}")
DECLARED: Forms = (("worried", (("feminine", "préoccupée"), ("neutral", "préoccupé·e"))),)

Template = tuple[str, str, Forms, Variants]


def as_subject(payload: str) -> Template:
    return payload, BODY, (), ()


def as_body(payload: str) -> Template:
    return "Release", at_the_end(payload), (), ()


def as_form(payload: str) -> Template:
    forms = (("worried", (("feminine", "a"), ("neutral", payload))),)
    return "Release", at_the_end("{{ worried }}"), forms, ()


def as_form_name(payload: str) -> Template:
    return "Release", at_the_end(payload), ((payload, (("neutral", "a"),)),), ()


def as_variant(payload: str) -> Template:
    return "Release", SLOTTED, (), (("opening", ("First.", payload)),)


def as_variant_name(payload: str) -> Template:
    return "Release", SLOTTED, (), ((payload, ("First.", "Second.")),)


PLACES = (as_subject, as_body, as_form, as_form_name, as_variant, as_variant_name)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_nothing_hostile_is_saved_or_compiled(
    payload: str, place: Callable[[str], Template]
) -> None:
    subject, body, forms, variants = place(payload)
    with pytest.raises(TemplateRefused) as saved:
        check_source(subject, body, forms=forms, variants=variants)
    with pytest.raises(TemplateRefused) as compiled:
        compile_sheet(subject, body, forms, variants)
    for error in (saved.value, compiled.value):
        assert (error.code, bool(error.reason), error.line >= 1) == ("template_refused", True, True)
        assert error.field
        assert len(str(error)) < 400, "a refusal does not repeat the whole payload"


@pytest.mark.parametrize(
    "words",
    ["${7*7}", "${self.module.cache.util.os}", "#{7*7}", "[[7*7]]", "<%= 7*7 %>", "@(7*7)", "%s"],
)
def test_marks_of_other_engines_are_words_like_any_other(words: str) -> None:
    source = LetterSource("v", "en", "Release", at_the_end(f"So: {words}"))
    assert finished(source).paragraphs[-1].text == f"So: {words}"


def finished(source: LetterSource, form: WriterForm = WriterForm.NEUTRAL) -> FinishedLetter:
    return render(
        source,
        Recipient("Minister", "Alma", "Ministry", "Dear Minister,", "Yours sincerely,", ("1 Way",)),
        Answers("Sam", "Chad", "I am a reader.", "Bern", "I teach.", form),
        demands=["Please act."],
        people=["Ada"],
        on=date(2026, 6, 1),
    )


def refusal_of(attempt: Callable[[], object]) -> TemplateRefused | None:
    """The one refusal there is; anything else is a crash and fails the test."""
    try:
        attempt()
    except TemplateRefused as refused:
        return refused
    return None


SCRAPS = st.sampled_from(
    [
        *("{{", "}}", "{%", "%}", "{#", "#}", "{%-", "-%}", "{{-", "+%}", "{", "}", "%", "#"),
        *sorted(NAMES | CONDITION_NAMES | FILTERS | {"worried"}),
        *("if", "elif", "else", "endif", "for", "in", "endfor", "set", "raw", "endraw", "block"),
        *("macro", "call", "include", "import", "from", "extends", "with", "do", "not", "and"),
        *("true", "none", "self", "loop", "range", "lipsum", "__class__", "attr", "x"),
        *("|", ".", ",", ":", "~", "(", ")", "[", "]", "=", "==", "*", "+", "-", "/", "'", '"'),
        *("1", "999999999", " ", "\n", "\n\n", "\t", "\x0c", "\x0e", "\ud800", "ж", "Dear"),
        *("{{ date }}", "{{ person_pronoun | upper_first }}", "{% if feminine %}", "{% else %}"),
        *("{% endif %}", "{% if person_several %}", "{{ worried }}"),
    ]
)
SOUP = st.lists(SCRAPS, max_size=40).map("".join) | st.lists(SCRAPS, max_size=40).map(" ".join)
# Of a tree that was compiled: nothing else may be in it.
_LEFT = {"Template", "Output", "TemplateData", "Name", "Filter", "If"}


@settings(max_examples=400, deadline=None)
@given(soup=SOUP, form=st.sampled_from(list(WriterForm)))
def test_what_passes_is_only_text_holes_and_choices_and_makes_a_letter(
    soup: str, form: WriterForm
) -> None:
    body = at_the_end(f"{{{{ worried }}}} {soup}")
    source = LetterSource("v", "en", "Release", body, DECLARED)
    refused = refusal_of(lambda: compile_sheet("Release", body, DECLARED, ()))
    if refused is not None:
        assert 1 <= refused.line <= len(body.splitlines()) + 1
        return
    tree = Environment(autoescape=False).parse(body)
    assert {type(node).__name__ for node in (tree, *tree.find_all(nodes.Node))} <= _LEFT
    text = finished(source, form).as_text()
    assert len(text) <= len(body) + HOLES_AT_MOST * 40
    assert "__" not in text or "__" in soup


@settings(max_examples=200, deadline=None)
@given(soup=st.text(alphabet=[*"{}%#|-+~.()[]'\" \n", *string.ascii_lowercase[:4]], max_size=120))
def test_any_text_is_judged_and_never_crashes(soup: str) -> None:
    bodies = refusal_of(lambda: check_template(at_the_end(soup), body=True))
    subjects = refusal_of(lambda: check_template(soup, body=False))
    # A body asks for more than a subject does, never for less.
    assert bodies is not None or subjects is None


@pytest.mark.parametrize("scrap", ["{{ date }}", "{% if neutral %}x{% endif %}", "{{ worried }}"])
def test_a_letter_is_bounded_however_often_a_hole_stands(scrap: str) -> None:
    most = at_the_end("{{ worried }}" + scrap * (HOLES_AT_MOST // 2 - 4))
    text = finished(LetterSource("v", "en", "Release", most, DECLARED)).as_text()
    assert len(text) < BYTES_AT_MOST
    with pytest.raises(TemplateRefused):
        check_template(at_the_end(scrap * (HOLES_AT_MOST + 1)), body=True, forms=["worried"])
