"""A letter whose writer has edited its body."""

from __future__ import annotations

import re
from dataclasses import replace

from app.letters.render import FinishedLetter, Paragraph, ParagraphKind, one_line
from app.letters.rules import passages

_NUMBER = re.compile(r"\d{1,3}[.)]\s+")


def body_to_edit(letter: FinishedLetter) -> str:
    """What a writer is given to edit: the paragraphs between salutation and closing."""
    return "\n\n".join(letter.body())


def with_body(letter: FinishedLetter, edited: str) -> FinishedLetter:
    """The letter with the body that its writer made of it, cut at blank lines; no template.

    The demands keep their emphasis as long as all of them stand there untouched and in their order;
    once one was changed, all are the writer's own text, numbers and all.
    """
    texts = [line for passage in passages(edited) if (line := one_line(passage.source))]
    return replace(letter, paragraphs=tuple(_recognised(letter, texts)))


def bare_texts(letter: FinishedLetter) -> list[str]:
    """The paragraphs without the numbers that they were given or typed with: to compare by."""
    return [bare_text(paragraph.text) for paragraph in letter.paragraphs]


def bare_text(text: str) -> str:
    """A paragraph without the number that it begins with."""
    return _NUMBER.sub("", text, count=1)


def _recognised(letter: FinishedLetter, texts: list[str]) -> list[Paragraph]:
    model = {kind: _texts(letter, kind) for kind in ParagraphKind}
    bare = [bare_text(text) for text in texts]
    demands = model[ParagraphKind.DEMAND]
    kept = demands == [text for text in bare if text in demands]
    paragraphs = []
    for text, unnumbered in zip(texts, bare, strict=True):
        if kept and unnumbered in demands:
            paragraphs.append(Paragraph(ParagraphKind.DEMAND, unnumbered))
        elif text in model[ParagraphKind.OWN]:
            paragraphs.append(Paragraph(ParagraphKind.OWN, text))
        else:
            paragraphs.append(Paragraph(ParagraphKind.TEXT, text))
    return paragraphs


def _texts(letter: FinishedLetter, kind: ParagraphKind) -> list[str]:
    return [paragraph.text for paragraph in letter.paragraphs if paragraph.kind is kind]
