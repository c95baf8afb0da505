from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.intake.clean import clean
from app.intake.model import Found, Reading
from app.intake.parsing import read_action
from tests.intake.harms import HARMS, koi8_as_1251, koi8_as_1252, windows_1252
from tests.intake.scoring import score, texts, truth_of

# Every second document: both halves of them hold every kind, and a test should be quick.
TEXTS = {path: path.read_text(encoding="utf-8") for path in texts()[1::2]}
SOUND = {path: score(read_action(text).as_schema(), truth_of(path)) for path, text in TEXTS.items()}
MOST_LOST = 0.05


@pytest.mark.parametrize("name", HARMS)
def test_harm_on_the_way_costs_at_most_five_points(name: str) -> None:
    lost = {
        path.stem: SOUND[path] - score(read_action(HARMS[name](text)).as_schema(), truth_of(path))
        for path, text in TEXTS.items()
    }
    worst = sorted(lost.items(), key=lambda item: -item[1])[:5]

    assert sum(lost.values()) / len(lost) <= MOST_LOST, worst


@pytest.mark.parametrize("harm", [koi8_as_1252, koi8_as_1251])
def test_russian_in_koi8_is_read_whatever_it_was_taken_for(harm: Callable[[str], str]) -> None:
    russian = [path for path in texts() if "-ru-" in path.stem]

    assert russian
    for path in russian:
        text = path.read_text(encoding="utf-8")
        sound = score(read_action(text).as_schema(), truth_of(path))
        harmed = read_action(harm(text))
        assert score(harmed.as_schema(), truth_of(path)) >= sound - MOST_LOST
        assert "wrong_encoding" in {caution.code for caution in harmed.warnings}


def test_a_text_that_is_right_is_not_repaired() -> None:
    for text in TEXTS.values():
        assert "wrong_encoding" not in clean(text).changes


def test_accents_come_back_from_the_wrong_table() -> None:
    text = "Je suis préoccupé par l’état de santé de Janbolat Mamaï, « détenu » à Astana."

    assert clean(windows_1252(text)).text == text


def passages(reading: Reading) -> list[Found[str]]:
    found = [reading.title, reading.organisation, reading.reference, *reading.case_names]
    for target in reading.targets:
        found += [target.name, target.salutation, target.contact_form, *target.emails]
    return [one for one in found if one is not None]


def test_every_value_points_to_the_passage_it_was_read_from() -> None:
    seen = 0
    for text in TEXTS.values():
        for found in passages(read_action(text)):
            first = found.value.split()[0].strip(".,:;\"'()")
            assert first.casefold() in text[found.start : found.end].casefold()
            seen += 1
    assert seen > 100


def test_the_same_text_gives_the_same_reading() -> None:
    for text in list(TEXTS.values())[:5]:
        assert read_action(text) == read_action(text)


PIECES = st.sampled_from(
    [
        "Dear Minister,\n",
        "Fax: +8 999\n",
        "Appeals to:\n",
        "> > - ",
        "12.13.2099 31 février 99999\n",
        "[x](mailto:a@b.c)",
        "(((((",
        "﷽\u202e\u0000",
        "UA 1/2/3/4",
        "Name: (he)\n",
        "Ã©Ã¨â€™",
        "Yours sincerely,\n",
        "\n\n",
        "• ",
        "Copies to:\n",
        "@@@ . @",
        "1) 2) 3)\n",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=25).map("".join)))
def test_no_text_whatever_raises(text: str) -> None:
    schema = read_action(text).as_schema()

    assert schema["kind"] in {"urgent_action", "appeal", "other"}
    for evidence in schema["evidence"]["warnings"]:
        assert 0 <= evidence["start"] <= evidence["end"] <= len(text)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "a", "@", "Fax:", "Dear Minister,"])
def test_next_to_nothing_is_no_action(text: str) -> None:
    reading = read_action(text)

    assert reading.kind.value == "other"
    assert (reading.targets, reading.letter, reading.deadline) == ((), None, None)
