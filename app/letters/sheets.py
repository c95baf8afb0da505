"""A letter template compiled: once a version, in a sandbox that has nothing in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import StrictUndefined, Template, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.letters.declarations import Forms, Variants, check_source
from app.letters.placeholders import DEMANDS, OWN_SENTENCE
from app.letters.rules import only_hole, passages

# Round the name of a hole that waits for its writer. No source and no folded value holds it.
MARK = "\x0e"
# Between the texts that are filled together. No passage and no folded value holds it, so the count
# of paragraphs is the template's alone.
_BETWEEN = "\f"
_WITHOUT_TEXT = frozenset((OWN_SENTENCE, DEMANDS))


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph of a template: where its text stands among the filled ones.

    `hole` is the placeholder that is the whole paragraph, if one is. A place for variants has as
    many texts as there are variants; the writer's own sentence and the demands have none.
    """

    hole: str
    start: int
    texts: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A compiled template: the subject and every paragraph as one text."""

    parts: tuple[Part, ...]
    template: Template

    def fill(self, values: Mapping[str, object]) -> list[str]:
        """The subject, then every text that a part speaks of. No value may hold a line break."""
        return self.template.render(values).split(_BETWEEN)


def compile_sheet(subject: str, body: str, forms: Forms, variants: Variants) -> Sheet:
    """Check a template and compile it; compiling takes a hundred times as long as filling.

    It is checked here too, not only when it is saved: a row may be older than today's rules, and
    rules stop what a sandbox does not.
    """
    subject, body = subject.replace(MARK, " "), body.replace(MARK, " ")
    variants = tuple(
        (slot, tuple(text.replace(MARK, " ") for text in texts)) for slot, texts in variants
    )
    check_source(subject, body, forms=forms, variants=variants)
    places = dict(variants)
    texts, parts = [subject], list[Part]()
    for passage in passages(body):
        hole = only_hole(passage) or ""
        own = () if hole in _WITHOUT_TEXT else places.get(hole, (passage.source,))
        parts.append(Part(hole, len(texts), len(own)))
        texts += own
    lines = [" ".join(text.splitlines()) for text in texts]
    return Sheet(tuple(parts), _SANDBOX.from_string(_BETWEEN.join(lines)))


def raised(text: str, language: str) -> str:
    """The text with its first letter as a sentence begins in the language."""
    # Turkish and Azeri tell a dotted from a dotless i, and keep the dot on the capital.
    dotted = text[:1] == "i" and language.partition("-")[0] in ("tr", "az")
    return ("İ" if dotted else text[:1].title()) + text[1:]


def _environment() -> ImmutableSandboxedEnvironment:
    # No autoescape: letters are plain text, and whoever shows one in HTML escapes it there.
    environment = ImmutableSandboxedEnvironment(
        loader=None,
        autoescape=False,
        undefined=StrictUndefined,
    )
    for offered in (environment.globals, environment.filters, environment.tests):
        offered.clear()
    environment.filters["upper_first"] = pass_context(_upper_first)
    return environment


def _upper_first(context: Context, text: str) -> str:
    # A hole that still waits for its writer is asked for by its name in capitals.
    return text.upper() if text.startswith(MARK) else raised(text, context["language"])


_SANDBOX = _environment()
