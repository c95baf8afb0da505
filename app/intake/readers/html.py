"""A web page, or what an office file was turned into, as lines.

Marks are few and those of Markdown: # before a heading, ** round a paragraph that is bold as a
whole, [words](address) round what links to an address of the web or of mail.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

# Forms hold whole pages in some old systems, so only their fields are among these.
_NO_TEXT = (
    "script style noscript template svg math nav head iframe object select button textarea canvas"
)
_LEFT_OUT = frozenset(_NO_TEXT.split())
_STANDING_APART = (
    "p div section article main header footer aside blockquote pre table tr td th ul ol li dl dt "
    "dd h1 h2 h3 h4 h5 h6 hr figure figcaption address center body fieldset legend caption"
)
_BLOCKS = frozenset(_STANDING_APART.split())
# Between their lines stands no empty one.
_TIGHT = frozenset(["li", "dt", "dd", "tr", "td", "th"])
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_SPACES = re.compile("[ \t\r\n\f]+")
_ADDRESS = re.compile(r"(https?://[^\s()<>\[\]]+|mailto:[^\s()<>\[\]]+)\Z", re.IGNORECASE)


def read_html(markup: str) -> str:
    """The text of a page, without what is no text of it."""
    reader = _Lines()
    reader.feed(markup)
    reader.close()
    return reader.text()


def _bare(address: str) -> str:
    return re.sub(r"^https?://(www\.)?", "", address.casefold()).rstrip("/")


class _Lines(HTMLParser):
    """Collects one block after the other; never builds a tree, so no depth can hurt it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._blocks: list[str] = []
        self._line: list[str] = []
        self._lead = ""
        self._bold = self._hidden = 0
        self._letters = self._bold_letters = 0
        self._lists: list[int] = []
        self._link: tuple[str, int] | None = None
        self._keeps_breaks = False

    def text(self) -> str:
        self._end_block()
        return "\n".join(self._blocks)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden or tag in _LEFT_OUT:
            self._hidden += tag in _LEFT_OUT
            return
        if tag == "br":
            self._line.append("\n")
        elif tag in _BLOCKS:
            self._end_block(tag)
            self._begin_block(tag)
        elif tag in ("b", "strong"):
            self._bold += 1
        elif tag == "a":
            address = _ADDRESS.match((dict(attrs).get("href") or "").strip())
            self._link = (address.group(), len(self._line)) if address else None

    def _begin_block(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._lead = _HEADINGS[tag]
        elif tag in ("ul", "ol"):
            self._lists = [*self._lists[-20:], 0 if tag == "ol" else -1]
        elif tag == "li":
            self._lead = self._next_lead()
        elif tag == "pre":
            self._keeps_breaks = True

    def handle_endtag(self, tag: str) -> None:
        if tag in _LEFT_OUT:
            self._hidden = max(0, self._hidden - 1)
            return
        if self._hidden:
            return
        if tag in _BLOCKS:
            self._end_block(tag)
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag in ("b", "strong"):
            self._bold = max(0, self._bold - 1)
        elif tag == "pre":
            self._keeps_breaks = False
        elif tag == "a" and self._link is not None:
            self._end_link(*self._link)
            self._link = None

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        self._line.append(data if self._keeps_breaks else _SPACES.sub(" ", data))
        seen = len(data) - sum(map(data.count, " \n\r\t"))
        self._letters += seen
        self._bold_letters += seen if self._bold else 0

    def _next_lead(self) -> str:
        if not self._lists or self._lists[-1] < 0:
            return "- "
        self._lists[-1] += 1
        return f"{self._lists[-1]}. "

    def _end_link(self, address: str, start: int) -> None:
        words = "".join(self._line[start:]).strip()
        bare = address.removeprefix("mailto:").partition("?")[0]
        said = words.replace(" ", "").casefold()
        if not words or said.rstrip("/") in (bare.casefold().rstrip("/"), _bare(bare)):
            # The words are the address already; or there are none, and it is worth its line.
            if not words and address.startswith("mailto:"):
                self._line.append(bare)
            return
        if "\n" not in words and "[" not in words:
            self._line[start:] = [f"[{words}]({address})"]

    def _end_block(self, tag: str = "") -> None:
        lines = [" ".join(line.split(" ")) for line in "".join(self._line).split("\n")]
        lines = [re.sub(" {2,}", " ", line).strip() for line in lines]
        whole = "\n".join(lines).strip("\n")
        is_bold = self._letters > 0 and self._bold_letters == self._letters
        if whole:
            if is_bold and not self._lead.startswith("#"):
                whole = "\n".join(f"**{line}**" if line else "" for line in whole.split("\n"))
            self._blocks.append(self._lead + whole)
            self._lead = ""
        if tag and tag not in _TIGHT and self._blocks and self._blocks[-1]:
            self._blocks.append("")
        self._line, self._link = [], None
        self._letters = self._bold_letters = 0
