"""The fields of the page that shows what was found, and the plan that comes back in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from app.intake.plan import Plan, PlannedPerson, PlannedTarget
from app.web.organiser.screens import Fields, Screen

# How many languages of letters can be chosen, in their order.
PLACES = 4
# More than any document has; a form that was made up must not make a loop of its own length.
_ROWS_AT_MOST = 60
_LINES = (
    "title",
    "language",
    "country",
    "organisation",
    "number",
    "issued",
    "deadline",
    "subject",
    "body",
    "closing",
    "background",
)
_OF_TARGET = ("kind", "role", "name", "address", "form", "salutation", "office")
_SEVERAL = ("emails", "phones", "faxes")


@dataclass(frozen=True, slots=True)
class Rows:
    """How many people, targets and demands the page shows."""

    people: int
    targets: int
    demands: int


def fields_of(plan: Plan) -> Fields:
    """A plan as the page's fields."""
    fields: Fields = {name: getattr(plan, name) for name in _LINES}
    fields["letter_languages"] = plan.letter_languages
    for number, person in enumerate(plan.people, 1):
        fields |= {f"person-{number}-name": person.name, f"person-{number}-pronoun": person.pronoun}
    for number, target in enumerate(plan.targets, 1):
        fields |= {f"target-{number}-{name}": getattr(target, name) for name in _OF_TARGET}
        fields |= {f"target-{number}-{name}": "\n".join(getattr(target, name)) for name in _SEVERAL}
    fields |= {f"demand-{number}": demand for number, demand in enumerate(plan.demands, 1)}
    return fields


def rows_of(screen: Screen, plan: Plan) -> Rows:
    """A row for everything that was found or typed, and an empty one for what was not found."""
    return Rows(
        max(_count(screen, "person-{}-name"), len(plan.people)) + 1,
        max(_count(screen, "target-{}-role"), len(plan.targets)),
        max(_count(screen, "demand-{}"), len(plan.demands)) + 1,
    )


def typed_plan(typed: MultiDict[str, str], found: Plan) -> Plan:
    """The plan as it was corrected. The forms of words stay those of the document."""
    plain: dict[str, Any] = {name: _text(typed, name) for name in _LINES}
    return replace(
        found,
        **plain,
        letter_languages=tuple(one for one in typed.getlist("letter_languages") if one),
        people=tuple(
            PlannedPerson(_text(typed, f"person-{n}-name"), _text(typed, f"person-{n}-pronoun"))
            for n in _numbers(typed, "person-{}-name")
        ),
        targets=tuple(_target(typed, f"target-{n}") for n in _numbers(typed, "target-{}-role")),
        demands=tuple(
            demand for n in _numbers(typed, "demand-{}") if (demand := _text(typed, f"demand-{n}"))
        ),
        follows=_text(typed, "follows"),
    )


def _target(typed: MultiDict[str, str], at: str) -> PlannedTarget:
    one: dict[str, Any] = {name: _text(typed, f"{at}-{name}") for name in _OF_TARGET}
    one |= {
        name: tuple(
            line.strip() for line in _text(typed, f"{at}-{name}").split("\n") if line.strip()
        )
        for name in _SEVERAL
    }
    return PlannedTarget(**one)


def _text(typed: MultiDict[str, str], name: str) -> str:
    return typed.get(name, "").replace("\r\n", "\n").strip()


def _numbers(typed: MultiDict[str, str], name: str) -> list[int]:
    return [number for number in range(1, _ROWS_AT_MOST + 1) if name.format(number) in typed]


def _count(screen: Screen, name: str) -> int:
    return sum(bool(screen.value(name.format(number))) for number in range(1, _ROWS_AT_MOST + 1))
