"""How words agree with the writer, whom nobody asks for a gender, and with the people concerned.

A template chooses by conditions (`{% if feminine %}`) or by named forms that it declares. Neutral
is what a language says of somebody it knows nothing of, or of women and men together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class WriterForm(StrEnum):
    """The form in which the writer speaks of themselves; chosen as text, by one tap."""

    NEUTRAL = "neutral"
    FEMININE = "feminine"
    MASCULINE = "masculine"


class PersonForm(StrEnum):
    """The form in which the letter speaks of the people concerned."""

    NEUTRAL = "neutral"
    FEMININE = "feminine"
    MASCULINE = "masculine"


@dataclass(frozen=True, slots=True)
class Concerned:
    """What the letter's language has to know of the people it is about, besides their names."""

    form: PersonForm = PersonForm.NEUTRAL
    pronoun: str = ""


# Several includes two; two is there for the languages that have a dual.
OF_WRITER = ("neutral", "feminine", "masculine")
OF_PERSON = (
    "person_neutral",
    "person_feminine",
    "person_masculine",
    "person_two",
    "person_several",
)
NEUTRALS = {"neutral": OF_WRITER, "person_neutral": OF_PERSON}

# Of the texts of a named form, the first whose condition is true; the neutral one otherwise.
_FIRST = ("person_two", "person_several", *OF_PERSON[1:3], *OF_WRITER[1:])


@dataclass(frozen=True, slots=True)
class _Pronouns:
    """The third person of a language: of one woman, one man, nobody's gender; of several."""

    she: str
    he: str
    neutral: str
    women: str
    several: str
    two: str = ""


_PRONOUNS = {
    "en": _Pronouns("she", "he", "they", "they", "they"),
    "fr": _Pronouns("elle", "il", "iel", "elles", "ils"),
    "es": _Pronouns("ella", "él", "elle", "ellas", "ellos"),
    "de": _Pronouns("sie", "er", "", "sie", "sie"),
    "it": _Pronouns("lei", "lui", "", "loro", "loro"),
    "pt": _Pronouns("ela", "ele", "", "elas", "eles"),
    "ru": _Pronouns("она", "он", "", "они", "они"),
    "uk": _Pronouns("вона", "він", "", "вони", "вони"),
    "pl": _Pronouns("ona", "on", "", "one", "oni"),
    "ar": _Pronouns("هي", "هو", "", "هن", "هم", two="هما"),
    # Persian and Turkish have one pronoun for everybody.
    "fa": _Pronouns("او", "او", "او", "آنان", "آنان"),
    "tr": _Pronouns("o", "o", "o", "onlar", "onlar"),
}


def conditions(writer: WriterForm, concerned: Concerned, people: int) -> dict[str, bool]:
    """Every condition a template may ask, and whether it is true of this letter."""
    truth = {name: name == writer.value for name in OF_WRITER}
    truth |= {name: name == f"person_{concerned.form.value}" for name in OF_PERSON}
    return truth | {"person_two": people == 2, "person_several": people > 1}


def choose(texts: Mapping[str, str], truth: Mapping[str, bool]) -> str:
    """The text of a named form that fits this letter."""
    for name in (*(name for name in _FIRST if truth[name]), *NEUTRALS):
        if name in texts:
            return texts[name]
    raise LookupError(*texts)


def agreement_of(pronouns: Sequence[Mapping[str, str]], language: str) -> Concerned:
    """How a language agrees with people, from the pronouns that each of them is given.

    `pronouns` holds, for each person, the pronoun by language. A language in which none is given
    takes the form from the others; one that has no pronoun for it leaves it open, and the letter
    then says the name.
    """
    forms = {_form_of(given) for given in pronouns}
    form = forms.pop() if len(forms) == 1 else PersonForm.NEUTRAL
    if len(pronouns) == 1 and pronouns[0].get(language):
        return Concerned(form, pronouns[0][language])
    known = _PRONOUNS.get(language.partition("-")[0])
    if known is None or not pronouns:
        return Concerned(form)
    if len(pronouns) > 1:
        several = known.women if form is PersonForm.FEMININE else known.several
        return Concerned(form, known.two if len(pronouns) == 2 and known.two else several)
    of_one = {PersonForm.FEMININE: known.she, PersonForm.MASCULINE: known.he}
    return Concerned(form, of_one.get(form, known.neutral))


def _form_of(given: Mapping[str, str]) -> PersonForm:
    """The form that a person's pronouns speak of; neutral when none of them tells."""
    for language, pronoun in given.items():
        known = _PRONOUNS.get(language.partition("-")[0])
        said = pronoun.casefold().strip()
        if known is None or known.she == known.he:
            continue
        if said == known.he:
            return PersonForm.MASCULINE
        if said == known.she:
            return PersonForm.FEMININE
    return PersonForm.NEUTRAL
