"""What a letter template declares beside its text: named forms, and variants of three paragraphs.

A form: {"worried": {"neutral": "préoccupé·e", "feminine": "préoccupée", "masculine": "préoccupé"}},
written {{ worried }}. Variants: {"opening": ["…", "…"]}, written {{ opening }}. Whoever keeps
templates keeps tables; whoever reads them gets them frozen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from app.letters.agreement import NEUTRALS
from app.letters.placeholders import CONDITION_NAMES, FILTERS, NAMES, SLOTS
from app.letters.rules import Fault, TemplateRefused, check_template, passages

Forms: TypeAlias = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
Variants: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]

FORMS_AT_MOST = 50
FORM_TEXT_AT_MOST = 200
VARIANTS = range(2, 5)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
# What the words of a template mean already, in its own language or in ours.
_TAKEN = NAMES | CONDITION_NAMES | FILTERS | set(SLOTS)
_WORDS = frozenset(
    (
        "and",
        "as",
        "context",
        "elif",
        "else",
        "endif",
        "false",
        "for",
        "if",
        "import",
        "in",
        "is",
        "loop",
        "none",
        "not",
        "or",
        "recursive",
        "self",
        "super",
        "true",
        "with",
        "without",
    )
)
_MARKUP = ("{{", "{%", "{#", "}}", "%}", "#}")


def freeze_forms(forms: Mapping[str, Mapping[str, str]]) -> Forms:
    """The forms in an order of their own, so that equal tables are equal keys."""
    return tuple((name, tuple(sorted(cases.items()))) for name, cases in sorted(forms.items()))


def freeze_variants(variants: Mapping[str, Sequence[str]]) -> Variants:
    """The variants in the order of the letter; their own order is what a mix counts by."""
    known = [slot for slot in SLOTS if slot in variants]
    others = sorted(set(variants) - set(SLOTS))
    return tuple((slot, tuple(variants[slot])) for slot in (*known, *others))


def check_source(subject: str, body: str, *, forms: Forms = (), variants: Variants = ()) -> None:
    """Refuse a whole template: its subject, its body and everything that it declares.

    The refusal names the field: subject, body, `forms.<name>` or `variants.<slot>.<number>`.
    """
    for fault in faults(subject, body, forms=forms, variants=variants):
        raise fault


def faults(
    subject: str, body: str, *, forms: Forms = (), variants: Variants = ()
) -> Iterator[TemplateRefused]:
    """Everything wrong with a template, one refusal a field, so that all are told at once."""
    declared, slots = [name for name, _ in forms], [slot for slot, _ in variants]
    for name, cases in forms:
        yield from _refusals(partial(_check_form, name, dict(cases)))
    if len(forms) > FORMS_AT_MOST:
        yield TemplateRefused(Fault.FORM_NAME, 1, str(FORMS_AT_MOST), "forms")
    used = set[str]()
    texts = [
        partial(_within, "subject", subject, declared, body=False),
        partial(_within, "body", body, declared, slots, body=True),
        *(partial(_check_variants, slot, texts, declared) for slot, texts in variants),
    ]
    refused = [fault for text in texts for fault in _refusals(text, used)]
    yield from refused
    if not refused:
        # What stands in a text that is not understood cannot be called unused.
        for name in declared:
            if name not in used:
                yield TemplateRefused(Fault.FORM_UNUSED, 1, name, f"forms.{name}")


def _refusals(
    check: Callable[[], frozenset[str] | None], used: set[str] | None = None
) -> Iterator[TemplateRefused]:
    try:
        found = check()
    except TemplateRefused as error:
        yield error
    else:
        if used is not None and found:
            used |= found


def _within(
    field: str, source: str, forms: Sequence[str], slots: Sequence[str] = (), *, body: bool
) -> frozenset[str]:
    try:
        return check_template(source, body=body, forms=forms, slots=slots)
    except TemplateRefused as error:
        error.field = field
        raise


def _check_form(name: str, cases: Mapping[str, str]) -> None:
    field = f"forms.{name}"
    if not _NAME.fullmatch(name) or name in _TAKEN or name in _WORDS:
        raise TemplateRefused(Fault.FORM_NAME, 1, name, field)
    neutral = next((key for key, known in NEUTRALS.items() if set(cases) <= set(known)), None)
    if neutral is None:
        # A case nobody knows, or cases of the writer and of the person in one form.
        raise TemplateRefused(Fault.FORM_CASES, 1, " ".join(cases)[:40], field)
    if not cases.get(neutral, "").strip():
        raise TemplateRefused(Fault.NEUTRAL_MISSING, 1, neutral, field)
    for text in cases.values():
        # It is put in as it stands: braces in it would be printed.
        marked = any(mark in text for mark in _MARKUP)
        if marked or len(text) > FORM_TEXT_AT_MOST or len(text.splitlines()) > 1:
            raise TemplateRefused(Fault.FORM_TEXT, 1, text[:40], field)


def _check_variants(slot: str, texts: Sequence[str], forms: Sequence[str]) -> frozenset[str]:
    field = f"variants.{slot}"
    if slot not in SLOTS:
        raise TemplateRefused(Fault.VARIANT_NAME, 1, slot, field)
    if len(texts) not in VARIANTS:
        raise TemplateRefused(Fault.VARIANT_COUNT, 1, str(len(texts)), field)
    used = frozenset[str]()
    for number, text in enumerate(texts, 1):
        at = f"{field}.{number}"
        # First, because a slot in a variant would be an unknown placeholder and nothing worse.
        used |= _within(at, text, forms, body=False)
        if len(list(passages(text))) != 1:
            raise TemplateRefused(Fault.VARIANT_NOT_ONE_PARAGRAPH, 1, "", at)
        if " ".join(text.split()) in {" ".join(other.split()) for other in texts[: number - 1]}:
            raise TemplateRefused(Fault.VARIANT_REPEATED, 1, "", at)
    return used
