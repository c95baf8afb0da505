from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import product

import pytest

from app.letters.declarations import check_source, freeze_forms, freeze_variants
from app.letters.offers import offered_forms
from app.letters.render import Answers, FinishedLetter, LetterSource, Recipient, render
from app.letters.rules import TemplateRefused
from app.letters.variants import Mix, how_many, mix_for

VARIANTS = {
    "closing_line": ["Thank you.", "I thank you.", "With thanks to {{ target_role }}."],
    "opening": ["I write about {{ person_name }}.", "{{ person_name }} is in prison."],
    "ask": ["I ask you:", "Therefore:", "I, {{ writer_name }}, ask:", "Please:"],
}
BODY = """{{ opening }}

She is a teacher.

{{ own_sentence }}

{{ ask }}

{{ demands }}

{{ closing_line }}"""
SOURCE = LetterSource("1", "en", "Subject", BODY, (), freeze_variants(VARIANTS))


def letter(mix: Mix = (), source: LetterSource = SOURCE) -> FinishedLetter:
    return render(
        source,
        Recipient("the Minister", "", "", "Dear", "Yours", ()),
        Answers("Sam", "", "", mix=mix),
        demands=("Free her.",),
        people=("Ada",),
        on=date(2026, 11, 22),
    )


def texts(finished: FinishedLetter) -> list[str]:
    return [paragraph.text for paragraph in finished.paragraphs]


def refusal(variants: Mapping[str, Sequence[str]], body: str = BODY) -> tuple[str, str]:
    with pytest.raises(TemplateRefused) as caught:
        check_source("s", body, variants=freeze_variants(variants))
    return caught.value.reason, caught.value.field


def test_without_a_mix_each_place_takes_its_first_variant() -> None:
    assert texts(letter()) == [
        "I write about Ada.",
        "She is a teacher.",
        "I ask you:",
        "Free her.",
        "Thank you.",
    ]


def test_a_mix_chooses_for_each_place() -> None:
    mix = (("opening", 1), ("ask", 2), ("closing_line", 2))
    assert texts(letter(mix)) == [
        "Ada is in prison.",
        "She is a teacher.",
        "I, Sam, ask:",
        "Free her.",
        "With thanks to the Minister.",
    ]


def test_a_mix_of_another_template_still_makes_a_letter() -> None:
    assert texts(letter((("opening", 3), ("greeting", 1)))) == texts(letter((("opening", 1),)))


def test_a_signature_gets_the_same_mix_each_time() -> None:
    assert mix_for(b"one signature", SOURCE.variants) == mix_for(b"one signature", SOURCE.variants)
    assert mix_for(b"one signature", ()) == ()


def test_the_same_mix_stands_in_a_translation_with_as_many_variants() -> None:
    french = {
        slot: [f"{slot} {place}" for place in range(len(VARIANTS[slot]))] for slot in VARIANTS
    }
    for seed in range(50):
        known = mix_for(bytes([seed]), SOURCE.variants)
        assert mix_for(bytes([seed]), freeze_variants(french)) == known


def test_signatures_spread_over_all_mixes() -> None:
    given = Counter(mix_for(f"{seed}".encode(), SOURCE.variants) for seed in range(2400))
    assert len(given) == how_many(SOURCE.variants) == 24
    assert 50 <= min(given.values()) <= max(given.values()) <= 160


def test_asking_for_another_shows_every_mix_once_before_the_first_again() -> None:
    shown = [mix_for(b"one", SOURCE.variants, turn) for turn in range(24)]
    counts = [len(SOURCE.variants[place][1]) for place in range(3)]
    slots = [slot for slot, _ in SOURCE.variants]
    everything = {tuple(zip(slots, chosen, strict=True)) for chosen in product(*map(range, counts))}
    assert set(shown) == everything
    assert mix_for(b"one", SOURCE.variants, 24) == shown[0]


def test_places_are_kept_in_the_order_of_the_letter() -> None:
    assert [slot for slot, _ in SOURCE.variants] == ["opening", "ask", "closing_line"]


def test_offered_forms_are_those_of_the_chosen_variant() -> None:
    variants = {"opening": ["I am {{ glad }}.", "It is good."]}
    source = LetterSource(
        "1",
        "en",
        "s",
        "{{ opening }}\n\n{{ own_sentence }}\n\n{{ demands }}",
        freeze_forms({"glad": {"neutral": "glad", "feminine": "gladA"}}),
        freeze_variants(variants),
    )
    assert len(offered_forms(source)) == 2
    assert offered_forms(source, (("opening", 1),)) == []


@pytest.mark.parametrize(
    ("ask", "reason", "field"),
    [
        ([], "variant_count", "variants.ask"),
        (["Only one."], "variant_count", "variants.ask"),
        (["1", "2", "3", "4", "5"], "variant_count", "variants.ask"),
        (["a", "b", "a "], "variant_repeated", "variants.ask.3"),
        (["a", "b\n\nc"], "variant_not_one_paragraph", "variants.ask.2"),
        (["a", " \n "], "variant_not_one_paragraph", "variants.ask.2"),
        (["a", "{{ opening }}"], "unknown_placeholder", "variants.ask.2"),
        (["a", "{{ own_sentence }}"], "not_allowed", "variants.ask.2"),
        (["a", "{{ demands }}"], "not_allowed", "variants.ask.2"),
        (["a", "{{ date.year }}"], "not_allowed", "variants.ask.2"),
        (["{% for x in date %}{% endfor %}", "b"], "not_allowed", "variants.ask.1"),
        (["a", "b {# c #}"], "not_allowed", "variants.ask.2"),
    ],
)
def test_each_variant_is_held_to_the_rules(ask: list[str], reason: str, field: str) -> None:
    assert refusal(VARIANTS | {"ask": ask}) == (reason, field)


def test_there_are_three_places_for_variants() -> None:
    assert refusal(VARIANTS | {"middle": ["a", "b"]}, BODY + "\n\n{{ middle }}") == (
        "variant_name",
        "variants.middle",
    )


def test_a_place_is_declared_and_stands_once_and_alone() -> None:
    without = {slot: texts for slot, texts in VARIANTS.items() if slot != "ask"}
    assert refusal(without) == ("unknown_placeholder", "body")
    assert refusal(VARIANTS, BODY.replace("{{ ask }}", "")) == ("place_missing", "body")
    assert refusal(VARIANTS, BODY + "\n\n{{ ask }}") == ("place_repeated", "body")
    assert refusal(VARIANTS, BODY.replace("{{ ask }}", "So: {{ ask }}")) == (
        "place_not_alone",
        "body",
    )
    chosen = "{% if feminine %}{{ ask }}{% else %}x{% endif %}"
    assert refusal(VARIANTS, BODY.replace("{{ ask }}", chosen)) == ("place_not_alone", "body")


def test_a_stored_source_that_breaks_the_rules_is_not_filled() -> None:
    broken = LetterSource("1", "en", "s", BODY, (), freeze_variants(VARIANTS | {"ask": ["x"]}))
    with pytest.raises(TemplateRefused):
        letter(source=broken)
