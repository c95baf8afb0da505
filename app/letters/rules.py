"""What may stand in a letter template: plain text and declared placeholders, nothing else.

The sandbox of Jinja stops escapes but neither loops nor huge values, so a template that could
compute anything at all is refused when it is saved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from jinja2 import Environment, TemplateSyntaxError, nodes

from app.core.errors import Refused
from app.letters.placeholders import DEMANDS, NAMES, OWN_SENTENCE

BYTES_AT_MOST = 64 * 1024

# It reads templates and renders none.
_GRAMMAR = Environment(autoescape=False)  # noqa: S701 - letters are plain text
_TOKENS = frozenset(("data", "variable_begin", "variable_end", "whitespace", "name"))
_NODES = (nodes.Output, nodes.TemplateData, nodes.Name)
_STRAY = ("}}", "%}", "#}")


class Fault(StrEnum):
    """Why a template is refused."""

    TOO_LONG = "too_long"
    SYNTAX = "syntax"
    NOT_ALLOWED = "not_allowed"
    UNKNOWN_PLACEHOLDER = "unknown_placeholder"
    OWN_SENTENCE_MISSING = "own_sentence_missing"
    OWN_SENTENCE_REPEATED = "own_sentence_repeated"
    OWN_SENTENCE_NOT_ALONE = "own_sentence_not_alone"
    DEMANDS_MISSING = "demands_missing"
    DEMANDS_REPEATED = "demands_repeated"
    DEMANDS_NOT_ALONE = "demands_not_alone"


class TemplateRefused(Refused):
    """The template cannot become a letter; says in which line and why."""

    code = "template_refused"

    def __init__(self, reason: Fault, line: int, detail: str = "") -> None:
        super().__init__(f"line {line}: {reason} {detail}".rstrip())
        self.reason: str = reason
        self.line = line
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Passage:
    """One paragraph of a template, and the line of the whole template that it starts in."""

    line: int
    source: str


@dataclass(frozen=True, slots=True)
class _Hole:
    line: int
    name: str


def passages(source: str) -> Iterator[Passage]:
    """Cut a template at its blank lines.

    Rules and renderer cut before anything is filled in, so no value can make or join paragraphs.
    """
    start, gathered = 1, list[str]()
    for number, line in enumerate([*source.splitlines(), ""], start=1):
        if line.strip():
            start = start if gathered else number
            gathered.append(line)
        elif gathered:
            yield Passage(start, "\n".join(gathered))
            gathered = []


def check_template(source: str, *, body: bool) -> None:
    """Refuse a template that is more than text with declared holes in it."""
    size = len(source.encode(errors="surrogatepass"))
    if size > BYTES_AT_MOST:
        raise TemplateRefused(Fault.TOO_LONG, 1, str(size))
    holes = [hole for passage in passages(source) for hole in _holes(passage)]
    if body:
        _require_own_paragraph(source, holes, OWN_SENTENCE)
        _require_own_paragraph(source, holes, DEMANDS)
        return
    for hole in holes:
        # A subject travels in a header: neither free words of a supporter nor a list belong there.
        if hole.name in (OWN_SENTENCE, DEMANDS):
            raise TemplateRefused(Fault.NOT_ALLOWED, hole.line, hole.name)


def unknown_placeholders(source: str) -> list[str]:
    """The names in double braces that no placeholder has, each once, in their order."""
    found: dict[str, None] = {}
    try:
        fresh = False
        for _, kind, value in _GRAMMAR.lex(source):
            if kind == "name" and fresh and value not in NAMES:
                found[value] = None
            fresh = kind == "variable_begin" or (fresh and kind == "whitespace")
    except TemplateSyntaxError:
        pass  # check_template names the line; what stands before it is still worth telling
    return list(found)


def only_hole(passage: Passage) -> str | None:
    """The name of the placeholder that is the whole paragraph, if one is."""
    holes = _holes(passage)
    if len(holes) != 1:
        return None
    text = "".join(value for _, kind, value in _GRAMMAR.lex(passage.source) if kind == "data")
    return None if text.strip() else holes[0].name


def _holes(passage: Passage) -> list[_Hole]:
    before = passage.line - 1
    try:
        _require_plain_tokens(passage)
        tree = _GRAMMAR.parse(passage.source)
    except TemplateSyntaxError as error:
        raise TemplateRefused(Fault.SYNTAX, before + error.lineno, error.message or "") from error
    holes = []
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _NODES):
            raise TemplateRefused(Fault.NOT_ALLOWED, before + node.lineno, type(node).__name__)
        if isinstance(node, nodes.Name):
            if node.name not in NAMES:
                raise TemplateRefused(Fault.UNKNOWN_PLACEHOLDER, before + node.lineno, node.name)
            holes.append(_Hole(before + node.lineno, node.name))
    return holes


def _require_plain_tokens(passage: Passage) -> None:
    """Refuse everything but single names in braces before the parser sees it.

    The parser recurses: thousands of nested brackets or `not` would end it, and us, otherwise.
    Comments and raw blocks leave no trace in the tree, so they can only be found here.
    """
    names = 0
    for number, kind, value in _GRAMMAR.lex(passage.source):
        line = passage.line + number - 1
        names = 0 if kind == "variable_begin" else names + (kind == "name")
        if kind not in _TOKENS or names > 1:
            raise TemplateRefused(Fault.NOT_ALLOWED, line, value.strip()[:40])
        if kind == "data" and (stray := next((mark for mark in _STRAY if mark in value), "")):
            line += value[: value.index(stray)].count("\n")
            raise TemplateRefused(Fault.SYNTAX, line, stray)


def _require_own_paragraph(source: str, holes: list[_Hole], name: str) -> None:
    lines = [hole.line for hole in holes if hole.name == name]
    match len(lines):
        case 0:
            end = max(1, len(source.splitlines()))
            raise TemplateRefused(Fault(f"{name}_missing"), end, name)
        case 1:
            if name not in {only_hole(passage) for passage in passages(source)}:
                raise TemplateRefused(Fault(f"{name}_not_alone"), lines[0], name)
        case _:
            raise TemplateRefused(Fault(f"{name}_repeated"), lines[1], name)
