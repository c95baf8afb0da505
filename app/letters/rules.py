"""What may stand in a letter template: text, declared placeholders, and `if` on declared forms.

The sandbox of Jinja stops escapes but neither loops nor huge values, so a template that could
compute anything at all is refused when it is saved. It is read twice: as tokens, before the parser
sees it, and as the tree that would be compiled.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from jinja2 import Environment, TemplateSyntaxError, nodes

from app.core.errors import Refused
from app.letters.agreement import NEUTRALS
from app.letters.placeholders import (
    CONDITION_NAMES,
    DEMANDS,
    FILTERS,
    NAMES,
    OWN_SENTENCE,
    SLOTS,
    WRITER_ABOUT,
)

BYTES_AT_MOST = 64 * 1024
DEPTH_AT_MOST = 3
# A page has a few dozen words that could be holes. More would only make huge letters of small
# templates.
HOLES_AT_MOST = 500
_SAID_AT_MOST = 120

# It reads templates and renders none.
_GRAMMAR = Environment(autoescape=False)  # noqa: S701 - letters are plain text
_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Filter,
    nodes.If,
)
_STRAY = ("}}", "%}", "#}")
_ONLY_HOLE = re.compile(r"\s*\{\{[-+]?\s*(\w+)\s*[-+]?\}\}\s*")
_ALONE = frozenset((OWN_SENTENCE, DEMANDS, WRITER_ABOUT, *SLOTS))
_ELSE = "else"


class Fault(StrEnum):
    """Why a template is refused."""

    TOO_LONG = "too_long"
    TOO_MANY_HOLES = "too_many_holes"
    TOO_DEEP = "too_deep"
    SYNTAX = "syntax"
    NOT_ALLOWED = "not_allowed"
    UNKNOWN_PLACEHOLDER = "unknown_placeholder"
    CONDITION_REPEATED = "condition_repeated"
    NEUTRAL_MISSING = "neutral_missing"
    OWN_SENTENCE_MISSING = "own_sentence_missing"
    OWN_SENTENCE_REPEATED = "own_sentence_repeated"
    OWN_SENTENCE_NOT_ALONE = "own_sentence_not_alone"
    DEMANDS_MISSING = "demands_missing"
    DEMANDS_REPEATED = "demands_repeated"
    DEMANDS_NOT_ALONE = "demands_not_alone"
    PLACE_MISSING = "place_missing"
    PLACE_REPEATED = "place_repeated"
    PLACE_NOT_ALONE = "place_not_alone"
    FORM_NAME = "form_name"
    FORM_CASES = "form_cases"
    FORM_TEXT = "form_text"
    FORM_UNUSED = "form_unused"
    VARIANT_NAME = "variant_name"
    VARIANT_COUNT = "variant_count"
    VARIANT_REPEATED = "variant_repeated"
    VARIANT_NOT_ONE_PARAGRAPH = "variant_not_one_paragraph"


class TemplateRefused(Refused):
    """The template cannot become a letter; says in which field and line, and why."""

    code = "template_refused"

    def __init__(self, reason: Fault, line: int, detail: str = "", field: str = "") -> None:
        # A refusal is shown and logged; a name of a hundred kilobytes must not come back in it.
        detail, field = detail[:_SAID_AT_MOST], field[:_SAID_AT_MOST]
        super().__init__(f"{field} line {line}: {reason} {detail}".strip())
        self.reason: str = reason
        self.line = line
        self.detail = detail
        self.field = field


@dataclass(frozen=True, slots=True)
class Passage:
    """One paragraph of a template, and the line of the whole template that it starts in."""

    line: int
    source: str


@dataclass(frozen=True, slots=True)
class _Hole:
    line: int
    name: str
    is_alone: bool


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


def check_template(
    source: str,
    *,
    body: bool,
    forms: Collection[str] = (),
    slots: Collection[str] = (),
) -> frozenset[str]:
    """Refuse a template that is more than text with declared holes in it; return the names used.

    `forms` and `slots` are the names that this letter declares besides those every letter has.
    """
    size = len(source.encode(errors="surrogatepass"))
    if size > BYTES_AT_MOST:
        raise TemplateRefused(Fault.TOO_LONG, 1, str(size))
    known = NAMES | set(forms) | set(slots)
    holes = list[_Hole]()
    for passage in passages(source):
        holes += _holes(passage, known, HOLES_AT_MOST - len(holes))
    if body:
        end = max(1, len(source.splitlines()))
        for name in (OWN_SENTENCE, DEMANDS, *slots):
            _require_once(name, holes, end)
    for hole in holes:
        if hole.name not in _ALONE or (body and hole.is_alone):
            continue
        # A subject travels in a header: neither free words of a supporter nor a list belong there.
        fault = _fault(hole.name, "not_alone") if body else Fault.NOT_ALLOWED
        raise TemplateRefused(fault, hole.line, hole.name)
    return frozenset(hole.name for hole in holes)


def unknown_placeholders(source: str, *, declared: Collection[str] = ()) -> list[str]:
    """The names in double braces that no placeholder has, each once, in their order."""
    found: dict[str, None] = {}
    try:
        fresh = False
        for _, kind, value in _GRAMMAR.lex(source):
            if kind == "name" and fresh and value not in NAMES and value not in declared:
                found[value] = None
            fresh = kind == "variable_begin" or (fresh and kind == "whitespace")
    except TemplateSyntaxError:
        pass  # check_template names the line; what stands before it is still worth telling
    return list(found)


def only_hole(passage: Passage) -> str | None:
    """The name of the placeholder that is the whole paragraph, if one is."""
    match = _ONLY_HOLE.fullmatch(passage.source)
    return match[1] if match else None


def _holes(passage: Passage, known: Collection[str], room: int) -> list[_Hole]:
    if "{" not in passage.source and "}" not in passage.source:
        return []  # most paragraphs are only words
    holes = _Reading(passage, known, room).holes()
    before = passage.line - 1
    try:
        tree = _GRAMMAR.parse(passage.source)
    except TemplateSyntaxError as error:
        raise TemplateRefused(Fault.SYNTAX, before + error.lineno, error.message or "") from error
    for node in (tree, *tree.find_all(nodes.Node)):
        if not _may_stand(node, known):
            raise TemplateRefused(Fault.NOT_ALLOWED, before + node.lineno, type(node).__name__)
    return holes


def _may_stand(node: nodes.Node, known: Collection[str]) -> bool:
    """Whether a node of the parsed tree is one of the few that are compiled."""
    match node:
        case nodes.If():
            return isinstance(node.test, nodes.Name)
        case nodes.Filter():
            plain = not (node.args or node.kwargs or node.dyn_args or node.dyn_kwargs)
            return plain and node.name in FILTERS and isinstance(node.node, nodes.Name)
        case nodes.Name():
            return node.name in known or node.name in CONDITION_NAMES
        case _:
            return isinstance(node, _NODES)


class _Reading:
    """One paragraph read token by token, before the parser sees it.

    The parser recurses: thousands of nested brackets or `not` would end it, and us, otherwise.
    Comments and raw blocks leave no trace in the tree, so they can only be found here.
    """

    def __init__(self, passage: Passage, known: Collection[str], room: int) -> None:
        self._passage = passage
        self._known = known
        self._room = room
        self._alone = only_hole(passage)
        self._holes: list[_Hole] = []
        # The names that each open `if` has asked so far, from the outermost to the innermost.
        self._open: list[list[str]] = []

    def holes(self) -> list[_Hole]:
        words: list[str] = []
        try:
            for number, kind, value in _GRAMMAR.lex(self._passage.source):
                line = self._passage.line + number - 1
                match kind:
                    case "data":
                        _refuse_stray(value, line)
                    case "variable_begin" | "block_begin":
                        words = []
                    case "name" | "operator" if len(words) < 3:
                        words.append(value)
                    case "variable_end":
                        self._output(words, line)
                    case "block_end":
                        self._statement(words, line)
                    case "whitespace":
                        pass
                    case _:
                        raise TemplateRefused(Fault.NOT_ALLOWED, line, value.strip()[:40])
        except TemplateSyntaxError as error:
            line = self._passage.line + error.lineno - 1
            raise TemplateRefused(Fault.SYNTAX, line, error.message or "") from error
        return self._holes

    def _output(self, words: list[str], line: int) -> None:
        match words:
            case [name]:
                pass
            case [name, "|", behind] if behind in FILTERS:
                pass
            case _:
                raise TemplateRefused(Fault.NOT_ALLOWED, line, " ".join(words)[:40])
        if name not in self._known:
            raise TemplateRefused(Fault.UNKNOWN_PLACEHOLDER, line, name)
        self._found(name, line)

    def _statement(self, words: list[str], line: int) -> None:
        match words:
            case ["if", name]:
                _require_condition(name, line)
                if len(self._open) == DEPTH_AT_MOST:
                    raise TemplateRefused(Fault.TOO_DEEP, line, str(DEPTH_AT_MOST))
                self._open.append([name])
                self._found(name, line)
            case ["elif", name] if self._open:
                _require_condition(name, line)
                # Also the bound on how long a chain can get.
                if name in self._open[-1]:
                    raise TemplateRefused(Fault.CONDITION_REPEATED, line, name)
                self._open[-1].append(name)
                self._found(name, line)
            case ["else"] if self._open:
                self._open[-1].append(_ELSE)
            case ["endif"] if self._open:
                _require_neutral(self._open.pop(), line)
            case ["elif", _] | ["else"] | ["endif"]:
                raise TemplateRefused(Fault.SYNTAX, line, words[0])
            case _:
                raise TemplateRefused(Fault.NOT_ALLOWED, line, " ".join(words)[:40])

    def _found(self, name: str, line: int) -> None:
        if len(self._holes) == self._room:
            raise TemplateRefused(Fault.TOO_MANY_HOLES, line, str(HOLES_AT_MOST))
        self._holes.append(_Hole(line, name, self._alone is not None))


def _refuse_stray(text: str, line: int) -> None:
    for mark in _STRAY:
        if mark in text:
            line += text[: text.index(mark)].count("\n")
            raise TemplateRefused(Fault.SYNTAX, line, mark)


def _require_condition(name: str, line: int) -> None:
    if name not in CONDITION_NAMES:
        known = Fault.NOT_ALLOWED if name in NAMES else Fault.UNKNOWN_PLACEHOLDER
        raise TemplateRefused(known, line, name)


def _require_neutral(asked: list[str], line: int) -> None:
    """Refuse a choice by gender that leaves nothing to say of somebody who chose none."""
    if _ELSE in asked:
        return
    for neutral, of_one in NEUTRALS.items():
        by_gender = {name for name in of_one if name.endswith(("feminine", "masculine"))}
        if by_gender.intersection(asked) and neutral not in asked:
            raise TemplateRefused(Fault.NEUTRAL_MISSING, line, neutral)


def _require_once(name: str, holes: list[_Hole], end: int) -> None:
    lines = [hole.line for hole in holes if hole.name == name]
    if not lines:
        raise TemplateRefused(_fault(name, "missing"), end, name)
    if len(lines) > 1:
        raise TemplateRefused(_fault(name, "repeated"), lines[1], name)


def _fault(name: str, what: str) -> Fault:
    return Fault(f"{name if name in (OWN_SENTENCE, DEMANDS) else 'place'}_{what}")
