"""What to say on the phone, in the language of the office: two sentences and what is asked."""

from __future__ import annotations

from app.letters.frames import words_round
from app.letters.render import FinishedLetter, ParagraphKind


def phone_script(letter: FinishedLetter) -> str:
    """Who calls about what, that they ask for something, and the demands word by word."""
    words = words_round(letter.language)["phone"]
    opening = words["opening" if letter.writer else "unnamed"]
    # Names last: nothing in them is a hole, and a subject that ends with a stop needs no second.
    matter = letter.subject.rstrip(".")
    said = opening.replace("{subject}", "\0").replace("{name}", letter.writer)
    demands = [part.text for part in letter.paragraphs if part.kind is ParagraphKind.DEMAND]
    if len(demands) > 1:
        demands = [f"{number}. {text}" for number, text in enumerate(demands, 1)]
    return "\n\n".join([said.replace("\0", matter), words["ask"], *demands]) + "\n"
