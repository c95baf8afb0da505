"""A mail keeps every line in order where names of another direction stand in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.letters.directions import mail_text
from app.letters.own_words import with_body
from tests.letters.test_render import PRESIDENT, letter

FSI, PDI, LRM, RLM = "\u2068", "\u2069", "\u200e", "\u200f"
ARABIC_BODY = """أكتب إليكم بشأن {{ person_name }}.

{{ own_sentence }}

{{ target_role }}، أطلب منكم:

{{ demands }}"""
TO_A_FOREIGNER = replace(
    PRESIDENT, role="President of Example", salutation="فخامة الرئيس،", closing="مع الاحترام،"
)


def lines(text: str) -> list[str]:
    return text.rstrip("\n").split("\n\n")


def arabic(**given: object) -> list[str]:
    values = {"people": ("Ada Q.", "Bo Jr."), "own": "أنا معلمة.", "writer": "نور", **given}
    return lines(
        mail_text(
            letter(
                body=ARABIC_BODY,
                language="ar",
                recipient=TO_A_FOREIGNER,
                demands=("أطلقوا سراح Ada Q.",),
                **values,
            )
        )
    )  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["en", "fr", "ru", "tr"])
def test_where_all_are_of_one_direction_nothing_invisible_is_written(language: str) -> None:
    written = letter(language=language, writer="Žofie Łąk", own="Я учитель, 1. Zürich!")
    assert mail_text(written) == written.as_text()


def test_every_name_is_held_together_by_itself() -> None:
    said = arabic()
    assert said[1] == f"أكتب إليكم بشأن {FSI}Ada Q.{PDI} و{FSI}Bo Jr.{PDI}."
    assert said[4] == f"أطلقوا سراح {FSI}Ada Q.{PDI}"


def test_a_line_that_begins_with_a_foreign_name_still_reads_in_the_direction_of_the_letter() -> (
    None
):
    said = arabic(writer="Sam Åström")
    assert said[3] == f"{RLM}{FSI}President of Example{PDI}، أطلب منكم:"
    assert said[-1] == f"{RLM}{FSI}Sam Åström{PDI}"


def test_a_name_of_both_directions_is_one_name() -> None:
    assert lines(mail_text(letter(writer="Šárka مريم")))[-1] == f"{LRM}{FSI}Šárka مريم{PDI}"
    assert arabic(writer="Šárka مريم")[-1] == f"{RLM}{FSI}Šárka مريم{PDI}"


def test_an_arabic_name_in_a_latin_letter_moves_no_full_stop() -> None:
    said = lines(mail_text(letter(people=("نور الهادي", "Ada"))))
    assert said[1] == f"I write to you about {FSI}نور الهادي{PDI} and Ada, who is in prison."
    assert "Subject" not in said


def test_a_sentence_in_the_writers_language_is_a_line_of_its_own_direction() -> None:
    assert arabic(own="I am a teacher.")[2] == f"{FSI}I am a teacher.{PDI}"
    assert arabic()[2] == "أنا معلمة."
    assert lines(mail_text(letter(own="أنا معلمة.")))[2] == f"{FSI}أنا معلمة.{PDI}"


def test_an_edited_body_is_read_in_the_direction_of_its_words() -> None:
    model = letter(body=ARABIC_BODY, language="ar", people=("Ada",), writer="نور")
    said = lines(mail_text(with_body(model, "Please listen.\n\nأفرجوا عن Ada.")))
    assert said[1:3] == [f"{FSI}Please listen.{PDI}", f"أفرجوا عن {FSI}Ada{PDI}."]


def test_the_letter_itself_is_as_it_was() -> None:
    written = letter(writer="نور الهادي")
    assert written.writer == "نور الهادي"
    for mark in (FSI, PDI, LRM, RLM):
        assert mark in mail_text(written) or mark is RLM
        assert mark not in written.as_text()
    bare = mail_text(written).translate(dict.fromkeys(map(ord, (FSI, PDI, LRM, RLM))))
    assert bare == written.as_text()
