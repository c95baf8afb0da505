"""Numbers of urgent actions and index numbers, and which of those named is the document's own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.intake.document import Document
from app.intake.model import Found

_UA_WORDS = (
    r"(?:urgent\s+action|action\s+urgente|acci[oó]n\s+urgente|azione\s+urgente|a[cç]?[cç][aã]o\s+urgente|"
    r"blixtaktion|hasteaksjon|hasteaktion|spoedactie|pilna\s+akcja|срочная\s+акция|термінова\s+акція|"
    r"acil\s+eylem|nal[eé]hav[aá]\s+akce|s[uü]rg[oő]s\s+akci[oó]|επείγουσα\s+δράση|تحرك\s+عاجل|اقدام\s+فوری|"
    r"UA|AU|EA|СД|СА|ТД|УД|ПА|ΕΔ|АУ|PA)"
)
_ORDINALS = r"(?:(?:FIRST|SECOND|THIRD|FOURTH|FIFTH|SIXTH|SEVENTH)\s+)?"
REFERENCE = re.compile(
    rf"(?<![\w])(?P<ua>{_ORDINALS}{_UA_WORDS}\s*[-:–]?\s*(?:no\.?|nr\.?|n[°º˚]|№|num\.?|номер|رقم|شماره|αρ\.?|č\.?)?\s*[-:]?\s*"
    r"(?P<number>\d{1,4})\s?[/.\-]\s?(?P<year>(?:19|20)?\d\d)(?!\d))"
    r"|(?<![\w])(?P<index>(?:AFR|AMR|ASA|EUR|MDE|ACT|NWS|ORG|IOR|POL)\s?\d{2}/\d{2,5}/(?:\d{4}|\d{2,3}))(?!\d)"
    r"|(?<![\w])(?P<omct>[A-Z]{3}\s?\d{3}\s?/\s?\d{4}\s?/\s?OBS\s?\d{3}(?:\.\d+)?)"
    r"|(?<![\w])(?P<case>(?:Case|Caso|Cas|Fall|Ref(?:erence|erencia)?\.?:?|RAN|UA|UAC|Appeal|Action|Azione|Appello|Aktion)"
    r"\s*(?:No\.?|Nr\.?|N[°º]|№)?\s*:?\s*(?:[A-Z]{2,4}[ -]?)?"
    r"\d{1,6}[/.\-]\d{2,6}(?:[/.\-]\w{1,8}){0,2}(?!\d))"
    r"|(?<![\w])(?P<omct2>(?:Case|Caso|Cas)\s+(?:[A-Z]{3}[-/])?[A-Z]{3}\s?\d{6}(?:\.\d)?(?:\.[A-Z]+)?)",
    re.IGNORECASE,
)
_OF_ANOTHER = re.compile(
    r"(?:previous|pr[ée]c[ée]dente?|anterior|vorherig|precedente|see|voir|v[ée]ase|siehe|ver|vedi|"
    r"follow.?ups?|предыдущ|poprzedni|föregående|vorige|önceki)[^.\n]{0,40}$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A number with its place and the kind it is of."""

    text: str
    start: int
    end: int
    kind: str


def mentions_in(document: Document) -> list[Mention]:
    found = []
    for match in REFERENCE.finditer(document.text):
        kind = match.lastgroup or ""
        named = next(k for k in ("ua", "index", "omct", "case", "omct2") if match[k])
        del kind
        if named == "case" and not _case_like(match[0]):
            continue
        found.append(Mention(" ".join(match[0].split()), match.start(), match.end(), named))
    return found


def _case_like(text: str) -> bool:
    if text.startswith(("RAN", "UA", "Case", "Caso", "Cas")):
        return True
    return text[:1].isupper() and not re.fullmatch(r"\D*\d{1,2}[/.]\d{1,2}(?:[/.]\d{2,4})?", text)


def reference_of(document: Document) -> Found[str] | None:
    """The document's own number: the first that is not another's; actions before indexes."""
    own = [m for m in mentions_in(document) if not _of_another(document, m)]
    if not own:
        return None
    own.sort(key=lambda m: m.kind not in {"ua", "omct"})
    best = own[0]
    late = best.start > max(1500, len(document.text) // 2) and best.kind != "ua"
    return document.found(
        best.text,
        best.start,
        best.end,
        "reference_late" if late else "reference",
        confidence="check" if late else "found",
    )


def _of_another(document: Document, mention: Mention) -> bool:
    line_start = document.text.rfind("\n", 0, mention.start) + 1
    before = document.text[max(line_start, mention.start - 60) : mention.start]
    return bool(_OF_ANOTHER.search(before))


def previous_of(document: Document) -> Found[str] | None:
    """The action this one follows, as a labelled line names it."""
    for index, label in enumerate(document.labels):
        if label and label.name == "previous" and label.strong:
            line = document.lines[index]
            value = line.text[label.value_at :].strip()
            if value and value.upper().rstrip(".") not in {
                "N/A",
                "NA",
                "-",
                "NONE",
                "AUCUN",
                "AUCUNE",
            }:
                start = line.start + line.text.index(value, label.value_at)
                return document.found(value, start, start + len(value), "previous_label")
    return None
