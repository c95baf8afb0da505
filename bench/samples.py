"""The letters that are measured: those of the demonstration, in every language, by many writers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.campaigns.document import read_documents
from app.letters.agreement import Concerned, WriterForm, agreement_of
from app.letters.declarations import freeze_forms, freeze_variants
from app.letters.render import Answers, FinishedLetter, LetterSource, Recipient, render

DAY = date(2026, 6, 1)
# Agreement with the writer and words of theirs in a paragraph: what the product adds to a template.
_AGREEING = (
    "{% if feminine %}préoccupée{% elif masculine %}préoccupé{% else %}préoccupé·e{% endif %}, "
    "{{ writer_name }}, {{ writer_country }}, {{ date }}.\n\n{{ own_sentence }}"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A template and everything that is known before anybody writes."""

    source: LetterSource
    recipient: Recipient
    demands: tuple[str, ...]
    people: tuple[str, ...]
    concerned: Concerned

    def written_by(self, number: int, *, day: date = DAY) -> FinishedLetter:
        """One writer's letter; no two writers give the same words."""
        return render(
            self.source,
            self.recipient,
            answers_of(number),
            demands=self.demands,
            people=self.people,
            on=day,
            concerned=self.concerned,
        )


def answers_of(number: int) -> Answers:
    return Answers(
        f"Writer Number {number}",
        "Switzerland",
        f"I am reader {number} and ask you to act.",
        writer_form=list(WriterForm)[number % 3],
    )


def day_of(number: int) -> date:
    """A day of one week: an outbox seldom holds more."""
    return DAY + timedelta(days=number % 7)


def samples(*, agreeing: bool, languages: frozenset[str] = frozenset()) -> list[Sample]:
    """Every target of both demonstration campaigns in every language, or in some."""
    found = []
    for document in read_documents():
        content = document.content
        offices = {entry["key"]: entry for entry in content["authorities"]}
        for target in content["targets"]:
            key = target["audience"]
            for language, letter in content["letters"][key].items():
                if not languages or language in languages:
                    office = offices[target["authority"]]
                    found.append(_sample(content, office, key, (language, letter), agreeing))
    return found


def _sample(
    content: dict[str, Any],
    office: dict[str, Any],
    audience: str,
    written: tuple[str, dict[str, Any]],
    agreeing: bool,  # noqa: FBT001
) -> Sample:
    language, letter = written
    body = letter["body"]
    if agreeing:
        body = body.replace("{{ own_sentence }}", _AGREEING)
    spoken = office["offices"][language]
    post = next(point["value"] for point in office["contact_points"] if point["kind"] == "post")
    people = content["people"]
    return Sample(
        LetterSource(
            f"{content['slug']} {audience} {language}",
            language,
            letter["subject"],
            body,
            freeze_forms(letter.get("forms", {})),
            freeze_variants(letter.get("variants", {})),
        ),
        Recipient(address=tuple(post.strip().splitlines()), **spoken),
        tuple(
            demand["texts"][language]
            for demand in content["demands"]
            if audience in demand["audiences"]
        ),
        tuple(person["names"].get(language, person["name"]) for person in people),
        agreement_of([person["pronouns"] for person in people], language),
    )
