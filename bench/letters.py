"""How fast letters are: as text, on paper, and how fast a hostile template is refused.

    ./run python -m bench.letters

Every ratio is the median of rounds in which the two sides take turns, so that a busy machine
slows both. The spread of the yardstick says how busy it was. What is measured is the processor time
of a side with all its threads: no side waits for anything, and others share the machine.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from statistics import median
from typing import Any

import jinja2
import typst

from app.core.i18n import long_date
from app.letters.agreement import WriterForm, choose, conditions
from app.letters.paper import print_letters
from app.letters.render import FinishedLetter, ParagraphKind
from app.letters.rules import TemplateRefused, check_template
from app.letters.sheets import compile_sheet
from bench.samples import Sample, answers_of, day_of, samples
from tests.letters.payloads import at_the_end, payloads

ROOT = Path(__file__).parent
FONTS = ROOT.parent / "app" / "letters" / "fonts"
PEERS = Path(os.environ.get("BENCH_PEERS", ROOT.parent / "var" / "peers"))
ROUNDS = 5
TEXTS = 12_000
SHEETS = 40
PEER_SHEETS = 8
BULK = 200
REFUSED_WITHIN = 0.050
SCRIPTS = {"en": 5.0, "ru": 5.0, "ar": 3.5}


@dataclass
class Race:
    """Two sides that take turns; `goal` is the least that ours must be of the yardstick."""

    name: str
    goal: float
    ours: list[float] = field(default_factory=list)
    yardstick: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Of the rates, the median over the rounds."""
        return median(theirs / mine for mine, theirs in zip(self.ours, self.yardstick, strict=True))

    def line(self) -> str:
        verdict = "met" if self.ratio >= self.goal else "MISSED"
        noise = max(self.yardstick) / min(self.yardstick)
        return (
            f"{self.name:<42} {1 / median(self.ours):>9,.0f} {1 / median(self.yardstick):>9,.0f} "
            f"{self.ratio:>7.2f} {self.goal:>6.2f} {verdict:<7} {noise:>5.2f}"
        )


def main() -> int:
    """Run everything; 1 when a goal is missed."""
    print(
        f"{'letters a second':<42} {'ours':>9} {'against':>9} {'ratio':>7} {'goal':>6} {'':7} noise"
    )
    races = [text_race()]
    print(races[-1].line())
    with weasyprint() as peer:
        for language, goal in SCRIPTS.items():
            found = paper_races(language, goal, peer)
            if language == "en":
                found.append(typst_race("paper en, a full page, against bare typst", full_page()))
            races += found
            print("\n".join(race.line() for race in found), flush=True)
        if peer is None:
            print("against WeasyPrint: not installed, see bench/README.md")
        else:
            races.append(bulk_race(peer))
            print(races[-1].line())
    slow = refusals()
    return 1 if slow or any(race.ratio < race.goal for race in races) else 0


def text_race() -> Race:
    """The finished text against Jinja2 that fills the same template, compiled once, and no more."""
    found = samples(agreeing=True)
    race = Race("text, against bare Jinja2", 0.9)
    bare = [Bare(sample) for sample in found]
    jobs = [(number % len(found), number) for number in range(TEXTS)]

    def ours() -> None:
        for place, number in jobs:
            found[place].written_by(number, day=day_of(number)).as_text()

    def theirs() -> None:
        for place, number in jobs:
            bare[place].written_by(number)

    return take_turns(race, timed(ours, TEXTS), timed(theirs, TEXTS))


_PLAIN = jinja2.Environment(autoescape=False)
_PLAIN.filters["upper_first"] = lambda text: text[:1].upper() + text[1:]


class Bare:
    """The same template in a plain environment, with every value at hand and nothing looked at."""

    def __init__(self, sample: Sample) -> None:
        source, office = sample.source, sample.recipient
        body = source.body.strip()
        for slot, variants in source.variants:
            body = body.replace(f"{{{{ {slot} }}}}", variants[0])
        parts = ("{{ salutation }}", body, "{{ closing }}", "{{ writer_name }}")
        text = "\n\n".join((source.subject, *parts))
        self._template = jinja2.Environment(autoescape=False).from_string(text)
        self._known = {
            "salutation": office.salutation,
            "closing": office.closing,
            "person_name": " ".join(sample.people),
            "person_pronoun": sample.concerned.pronoun,
            "demands": "\n\n".join(sample.demands),
        }
        self._dates = {day_of(n): long_date(day_of(n), source.language) for n in range(7)}
        self._chosen = {}
        for form in WriterForm:
            truth = conditions(form, sample.concerned, len(sample.people))
            words = {name: choose(dict(cases), truth) for name, cases in source.forms}
            self._chosen[form] = {**truth, **words}

    def written_by(self, number: int) -> str:
        answers = answers_of(number)
        return self._template.render(
            **self._known,
            **self._chosen[answers.writer_form],
            date=self._dates[day_of(number)],
            writer_name=answers.writer_name,
            writer_country=answers.writer_country,
            own_sentence=answers.own_sentence,
        )


def typst_race(name: str, sample: Sample) -> Race:
    """One letter to a file, against typst alone on an equal layout."""
    letters = iter(sample.written_by(number) for number in range(1_000_000))
    compiler = typst.Compiler(
        ROOT / "bare.typ",
        root=ROOT,
        font_paths=typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS]
        ),
    )

    def ours() -> None:
        for _ in range(SHEETS):
            print_letters([next(letters)])

    def bare() -> None:
        for _ in range(SHEETS):
            inputs = {"letter": json.dumps(plainly(next(letters)), ensure_ascii=False)}
            compiler.compile(format="pdf", sys_inputs=inputs, pdf_standards=["ua-1"])

    return take_turns(Race(name, 0.8), timed(ours, SHEETS), timed(bare, SHEETS))


def full_page() -> Sample:
    """The longest letter in English: it may be too long for a page, and is not."""
    found = samples(agreeing=False, languages=frozenset(("en",)))
    return max(found, key=lambda sample: len(sample.written_by(1).as_text()))


def paper_races(language: str, goal: float, peer: Peer | None) -> list[Race]:
    """One letter to a file: against typst alone, and against WeasyPrint."""
    sample = samples(agreeing=False, languages=frozenset((language,)))[0]
    race = typst_race(f"paper {language}, against bare typst", sample)
    if peer is None:
        return [race]
    letters = iter(sample.written_by(number) for number in range(1_000_000))

    def ours() -> None:
        for _ in range(SHEETS):
            print_letters([next(letters)])

    other = Race(f"paper {language}, against WeasyPrint", goal)
    take_turns(
        other,
        timed(ours, SHEETS),
        lambda: peer.seconds([page_of(next(letters)) for _ in range(PEER_SHEETS)]),
    )
    return [race, other]


def bulk_race(peer: Peer) -> Race:
    """Many letters in one file, as they are handed over at an embassy."""
    sample = samples(agreeing=False, languages=frozenset(("en",)))[0]
    numbers = iter(range(1_000_000))

    def ours() -> None:
        print_letters([sample.written_by(next(numbers)) for _ in range(BULK)])

    return take_turns(
        Race(f"paper en, {BULK} in one file, WeasyPrint", 15.0),
        timed(ours, BULK),
        lambda: peer.seconds(
            [page_of(sample.written_by(next(numbers))) for _ in range(PEER_SHEETS)]
        ),
    )


Side = Callable[[], float]


def timed(run: Callable[[], None], times: int) -> Side:
    """A side of a race that says how long one letter took it."""

    def side() -> float:
        gc.collect()
        began = time.process_time()
        run()
        return (time.process_time() - began) / times

    return side


def take_turns(race: Race, ours: Side, theirs: Side) -> Race:
    """One round to get warm, then the rounds that count; who begins alternates."""
    ours()
    theirs()
    for number in range(ROUNDS):
        if number % 2:
            race.ours.append(ours())
            race.yardstick.append(theirs())
        else:
            race.yardstick.append(theirs())
            race.ours.append(ours())
    return race


def plainly(letter: FinishedLetter) -> dict[str, Any]:
    """A letter as the bare sheet takes it."""
    texts = {kind: [p.text for p in letter.paragraphs if p.kind is kind] for kind in ParagraphKind}
    first = next(n for n, p in enumerate(letter.paragraphs) if p.kind is ParagraphKind.DEMAND)
    demands = texts[ParagraphKind.DEMAND]
    return {
        "title": letter.subject,
        "lang": letter.language,
        "dir": letter.direction,
        "date": letter.date,
        "address": letter.address,
        "subject": letter.subject,
        "before": [letter.salutation, *(p.text for p in letter.paragraphs[:first])],
        "demands": demands,
        "after": [p.text for p in letter.paragraphs[first + len(demands) :]],
        "closing": letter.closing,
        "writer": letter.writer,
    }


def page_of(letter: FinishedLetter) -> str:
    """The same letter, fonts and places as a web page."""
    said = plainly(letter)

    def paragraphs(texts: list[str]) -> str:
        return "".join(f"<p>{escape(text)}</p>" for text in texts)

    demands = "".join(f"<li><b>{escape(text)}</b></li>" for text in said["demands"])
    address = "<br>".join(map(escape, letter.address))
    return f"""<!doctype html><html lang="{letter.language}" dir="{letter.direction}"><head>
<title>{escape(letter.subject)}</title><style>
@font-face {{ font-family: Own; src: url(GentiumPlus-Regular.ttf) }}
@font-face {{ font-family: Own; font-weight: bold; src: url(GentiumPlus-Bold.ttf) }}
@font-face {{ font-family: Other; src: url(DejaVuSans.ttf) }}
@font-face {{ font-family: Other; font-weight: bold; src: url(DejaVuSans-Bold.ttf) }}
@page {{ size: A4; margin: 25mm 22mm 20mm 25mm }}
body {{ font: 11pt/1.3 Own, Other; margin: 0 }} h1 {{ font-size: 11pt }}
address {{ font-style: normal; margin-top: 37.7mm; height: 35mm; direction: ltr }}
.date {{ text-align: end }} .writer {{ margin-top: 15mm }}
</style></head><body><address>{address}</address><p class="date">{escape(letter.date)}</p>
<h1>{escape(letter.subject)}</h1>{paragraphs(said["before"])}<ol>{demands}</ol>
{paragraphs(said["after"])}<p>{escape(letter.closing)}</p>
<p class="writer">{escape(letter.writer)}</p></body></html>"""


class Peer:
    """WeasyPrint in an environment of its own, started once and asked over a pipe."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def seconds(self, pages: list[str]) -> float:
        """How long one letter took, measured over there: the pipe is not its fault."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"pages": pages, "base": FONTS.as_uri() + "/"}) + "\n")
        self._process.stdin.flush()
        return float(json.loads(self._process.stdout.readline())["seconds"])


@contextmanager
def weasyprint() -> Iterator[Peer | None]:
    python = PEERS / "bin" / "python"
    if not python.exists():
        yield None
        return
    command = [str(python), str(ROOT / "peer_weasyprint.py")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield Peer(process) if process.stdout.readline() else None
        process.terminate()


def refusals() -> int:
    """How long each hostile template takes to be refused; how many take too long."""
    took = []
    for name, payload in payloads().items():
        for way, refuse in (
            ("saved", lambda text: check_template(text, body=True)),
            ("compiled", lambda text: compile_sheet("", text, (), ())),
        ):
            took.append(
                (median(_refused(refuse, at_the_end(payload)) for _ in range(5)), name, way)
            )
    took.sort(reverse=True)
    slow = sum(seconds > REFUSED_WITHIN for seconds, _, _ in took)
    print(f"\n{len(took) // 2} hostile templates, refused when saved and when compiled")
    print(f"median {median(seconds for seconds, _, _ in took) * 1000:.2f} ms; the slowest:")
    for seconds, name, way in took[:5]:
        print(f"  {seconds * 1000:>7.2f} ms  {way:<9} {name}")
    print(f"over {REFUSED_WITHIN * 1000:.0f} ms: {slow}")
    return slow


def _refused(refuse: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    try:
        refuse(text)
    except TemplateRefused:
        return time.process_time() - began
    raise AssertionError(text[-200:])


if __name__ == "__main__":
    sys.exit(main())
