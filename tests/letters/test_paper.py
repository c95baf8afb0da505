from __future__ import annotations

import io
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from app.letters.paper import GlyphsMissing, Paper, missing_glyphs, print_letters
from app.letters.render import FinishedLetter, Paragraph, ParagraphKind

TEXT, OWN, DEMAND = ParagraphKind.TEXT, ParagraphKind.OWN, ParagraphKind.DEMAND
MM = 72 / 25.4
KAZAKH = (
    "Құрметті Президент мырза, сізге Жанболат Мамай туралы жазып отырмын. "
    "Өңірде әділдік үстем болсын: ӘәҒғҚқҢңӨөҰұҮүҺһІі."
)
RUSSIAN = "Прошу Вас содействовать освобождению: объявлённый съезд, ЁёЙйЪъЫыЭэЮюЯя, «№ 378» — да!"
LATIN = "Łódź, Čapek, Győr, Ağrı, Đặng Thị Hương, Ọlá, İstanbul, Þór, Əliyev, fi ff ffi ﬁ."
ENGLISH = FinishedLetter(
    language="en",
    direction="ltr",
    date="21 November 2026",
    address=(
        "Alma Example",
        "President of Example",
        "1 Palace Square",
        "1000 Example City",
    ),
    salutation="Your Excellency,",
    subject="Release Ada Prisoner",
    paragraphs=(
        Paragraph(TEXT, "I write to you about Ada Prisoner. " * 6),
        Paragraph(OWN, "I am a teacher."),
        Paragraph(DEMAND, "Please release her."),
        Paragraph(DEMAND, "Please drop the charges."),
        Paragraph(TEXT, "Thank you."),
    ),
    closing="Yours respectfully,",
    writer="Sam Supporter",
)


def reader(*letters: FinishedLetter, **options: Any) -> PdfReader:
    return PdfReader(io.BytesIO(print_letters(letters, **options)))


def page_texts(pdf: PdfReader) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pdf.pages]


def saying(*texts: str, **changes: Any) -> FinishedLetter:
    paragraphs = tuple(Paragraph(TEXT, text) for text in texts)
    return replace(ENGLISH, paragraphs=paragraphs, **changes)


def poppler(tool: str, printed: bytes, tmp_path: Path, *options: str) -> str:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} of poppler is not here")
    path = tmp_path / "letter.pdf"
    path.write_bytes(printed)
    output = ["-"] if tool == "pdftotext" else []
    asked = subprocess.run([tool, *options, str(path), *output], check=True, capture_output=True)
    return asked.stdout.decode()


def positions(pdf: PdfReader, page: int = 0) -> dict[str, tuple[float, float]]:
    """Where each run of text begins, in millimetres from the left and the top of the sheet."""
    found: dict[str, tuple[float, float]] = {}
    sheet = pdf.pages[page]
    height = float(sheet.mediabox.height)

    def visit(text: str, cm: list[float], tm: list[float], *_: object) -> None:
        x = tm[4] * cm[0] + cm[4]
        y = tm[5] * cm[3] + cm[5]
        if text.strip():
            found.setdefault(text.strip(), (x / MM, (height - y) / MM))

    sheet.extract_text(visitor_text=visit)
    return found


def test_everything_of_the_letter_stands_on_one_page_in_reading_order() -> None:
    pdf = reader(ENGLISH, sender=("Sam Supporter", "3011 Bern"))
    (text,) = page_texts(pdf)
    order = [
        "Sam Supporter 3011 Bern",
        *ENGLISH.address,
        ENGLISH.date,
        ENGLISH.subject,
        ENGLISH.salutation,
        "I write to you about Ada Prisoner.",
        "I am a teacher.",
        "1. Please release her.",
        "2. Please drop the charges.",
        "Thank you.",
        ENGLISH.closing,
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert text.endswith(ENGLISH.writer)


def test_a_single_demand_is_a_paragraph_without_a_number() -> None:
    alone = replace(ENGLISH, paragraphs=(Paragraph(DEMAND, "Please release her."),))
    (text,) = page_texts(reader(alone))
    assert "Your Excellency, Please release her. Yours" in text


@pytest.mark.parametrize("text", [KAZAKH, RUSSIAN, LATIN], ids=["kk", "ru", "latin"])
def test_text_is_read_back_exactly(text: str, tmp_path: Path) -> None:
    text = " ".join([text] * 8)
    letter = saying(text, writer="Әйгерім Сұлтанқызы")
    (read,) = page_texts(reader(letter))
    assert text in read
    assert "Әйгерім Сұлтанқызы" in read
    assert text in " ".join(poppler("pdftotext", print_letters([letter]), tmp_path).split())


def test_arabic_is_set_from_the_right_and_can_be_searched(tmp_path: Path) -> None:
    letter = saying("أكتب إليكم بشأن مدينة ألماتي", language="ar", direction="rtl")
    printed = print_letters([letter])
    words = " ".join(poppler("pdftotext", printed, tmp_path).split())
    for word in ("أكتب", "إليكم", "بشأن", "مدينة", "ألماتي"):
        assert word in words


def test_fonts_are_embedded_and_are_ours(tmp_path: Path) -> None:
    printed = print_letters([saying(KAZAKH, "سلام")])
    rows = poppler("pdffonts", printed, tmp_path).splitlines()[2:]
    assert rows
    for row in rows:
        assert row.split()[0].split("+")[1].startswith(("GentiumPlus", "DejaVuSans"))
        assert row.split()[-5:-2] == ["yes", "yes", "yes"]


def test_fonts_are_embedded_as_pypdf_sees_them() -> None:
    fonts = reader(saying(KAZAKH)).pages[0]["/Resources"]["/Font"]
    for font in fonts.values():
        described = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert "/FontFile2" in described or "/FontFile3" in described


@pytest.mark.parametrize(
    ("language", "marked"), [("kk", "kk"), ("pt-BR", "pt-BR"), ("zh-Hant-TW", "zh-TW")]
)
def test_the_file_is_tagged_and_says_title_and_language(language: str, marked: str) -> None:
    pdf = reader(saying(KAZAKH, language=language))
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"].value is True
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == marked
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Release Ada Prisoner"
    assert b"pdfuaid" in root["/Metadata"].get_data()


def test_the_file_tells_nothing_about_writer_or_clock() -> None:
    pdf = reader(ENGLISH)
    assert pdf.metadata is not None
    assert pdf.metadata.author is None
    assert pdf.metadata.creation_date is None


def test_nothing_in_the_file_acts_and_nothing_leads_out() -> None:
    odd = "https://example.org #link(\"https://example.org\") javascript:alert(1) <a href='x'>"
    printed = print_letters([saying(odd, writer=odd, subject=odd, address=(odd,))])
    pdf = PdfReader(io.BytesIO(printed))
    assert all("/Annots" not in page and "/AA" not in page for page in pdf.pages)
    root = pdf.trailer["/Root"]
    assert not {"/OpenAction", "/AA", "/AcroForm", "/Names"} & set(root)
    assert b"/JavaScript" not in printed
    assert b"/URI" not in printed


def test_words_are_never_read_as_markup() -> None:
    markup = "= Head *bold* _it_ $x$ #panic() @ref <label> \\ // gone /* gone */ - item ~ ---"
    (text,) = page_texts(reader(saying(markup)))
    assert markup in text


def test_equal_letters_give_equal_bytes() -> None:
    first = print_letters([ENGLISH])
    print_letters([saying(KAZAKH)])
    assert print_letters([ENGLISH]) == first


def test_threads_share_the_compiler_without_mixing_letters() -> None:
    letters = [saying(f"Letter number {number} of many.") for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        printed = list(pool.map(lambda letter: print_letters([letter]), letters))
    for number, one in enumerate(printed):
        (text,) = page_texts(PdfReader(io.BytesIO(one)))
        assert f"Letter number {number} of many." in text


@pytest.mark.parametrize(
    ("paper", "size", "left", "top", "bottom"),
    [
        (Paper.A4, (210, 297), 25, 62.7, 90),
        (Paper.US_LETTER, (215.9, 279.4), 25.4, 53.9, 79.4),
    ],
)
def test_the_address_stands_in_the_window(
    paper: Paper, size: tuple[float, float], left: float, top: float, bottom: float
) -> None:
    pdf = reader(ENGLISH, paper=paper)
    box = pdf.pages[0].mediabox
    assert (float(box.width) / MM, float(box.height) / MM) == pytest.approx(size, abs=0.2)
    places = positions(pdf)
    for line in ENGLISH.address:
        x, y = places[line]
        assert x == pytest.approx(left, abs=0.5)
        assert top < y < bottom
    assert places[ENGLISH.date][0] > 140


def test_a_letter_from_the_right_keeps_its_address_in_the_window_at_the_left() -> None:
    pdf = reader(
        replace(ENGLISH, language="ar", direction="rtl", address=("سلام", "City 1"), date="Today")
    )
    places = positions(pdf)
    assert places["City 1"][0] == pytest.approx(25, abs=0.5)
    assert min(x for x, y in places.values() if 60 < y < 66) == pytest.approx(25, abs=0.5)
    assert places["Sam Supporter"][0] > 130
    assert places["Today"][0] < 30


def test_a_crowded_address_stays_in_the_window() -> None:
    crowded = tuple(
        f"Line {number} of a long address with many words in it" for number in range(12)
    )
    places = positions(reader(replace(ENGLISH, address=crowded)))
    lines = [y for text, (_, y) in places.items() if text.startswith("Line")]
    assert len(lines) == 12
    assert min(lines) > 45
    assert max(lines) < 90


def test_fold_marks_are_for_a4() -> None:
    def marks(paper: Paper) -> int:
        content = reader(ENGLISH, paper=paper).pages[0].get_contents()
        assert content is not None
        return content.get_data().count(b" l\n")

    assert (marks(Paper.A4), marks(Paper.US_LETTER)) == (2, 0)


@pytest.mark.parametrize("paper", Paper)
def test_a_letter_of_200_words_is_one_page(paper: Paper) -> None:
    words = ["Справедливость требует внимания каждого чиновника. " * 7] * 6
    assert sum(len(text.split()) for text in words) > 200
    assert len(reader(saying(*words), paper=paper).pages) == 1


def test_a_letter_a_little_too_long_is_set_smaller_instead_of_running_over() -> None:
    def lines(count: int) -> PdfReader:
        return reader(saying(*["One line."] * count))

    fullest = next(count for count in range(10, 40) if len(lines(count + 1).pages) > 1)
    assert 10 in type_sizes(lines(fullest))
    assert 11 in type_sizes(lines(fullest - 4))
    assert 11 in type_sizes(lines(fullest + 1))


def type_sizes(pdf: PdfReader) -> set[float]:
    content = pdf.pages[0].get_contents()
    assert content is not None
    return {
        round(float(size), 1)
        for (_, size) in re.findall(rb"/(\w+) ([\d.]+) Tf", content.get_data())
    }


def test_pages_are_numbered_for_each_letter_from_the_second_on() -> None:
    long = saying(*["Many words are needed to say this. " * 20] * 8)
    texts = page_texts(reader(ENGLISH, long, ENGLISH))
    count = len(texts) - 2
    assert count >= 2
    assert " / " not in texts[0]
    assert " / " not in texts[1]
    assert texts[2].startswith(f"2 / {count} ")
    assert " / " not in texts[-1]
    assert "Sam Supporter" in texts[-1]


@pytest.mark.parametrize("letter", ["W", "Щ", "M"])
def test_a_name_of_120_letters_without_a_space_stays_on_the_sheet(letter: str) -> None:
    name = letter * 119 + "!"
    pdf = reader(saying("Hello.", writer=name, address=(name, "City"), subject=name))
    assert len(pdf.pages) == 1
    assert "".join(pdf.pages[0].extract_text().split()).count(name) == 3
    runs = re.findall(f"{letter}+", pdf.pages[0].extract_text())
    assert max(len(run) for run in runs) <= 60


def test_characters_without_a_glyph_are_named() -> None:
    assert missing_glyphs(KAZAKH + RUSSIAN + LATIN + "سلام שלום") == []
    assert missing_glyphs("漢字と漢 \U0001f54a ok") == ["漢", "字", "と", "\U0001f54a"]


def test_a_letter_and_its_mark_are_asked_for_together() -> None:
    assert missing_glyphs("q\u0301") == []
    assert missing_glyphs("ږ") == []
    assert missing_glyphs("e\u0356") == []
    assert missing_glyphs("ږ\u0356") == ["ږ\u0356"]


def test_a_letter_that_cannot_be_drawn_is_refused_and_the_next_is_printed() -> None:
    with pytest.raises(GlyphsMissing) as caught:
        print_letters([saying("Hello 漢")])
    assert caught.value.characters == ["漢"]
    assert caught.value.code == "glyphs_missing"
    assert print_letters([ENGLISH])


def test_a_sender_with_control_characters_is_printed_on_clean_lines() -> None:
    (text,) = page_texts(reader(ENGLISH, sender=("Sam\nSupporter\x00", "3011\u2028Bern")))
    assert text.startswith("Sam Supporter 3011 Bern")


def test_a_letter_without_a_subject_is_printed() -> None:
    pdf = reader(replace(ENGLISH, subject=""))
    assert pdf.metadata is not None
    assert pdf.metadata.title == ENGLISH.salutation
