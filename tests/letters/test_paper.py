from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from app.core.i18n import text_direction
from app.letters.fonts import missing_glyphs
from app.letters.paper import Paper, paper_in, print_letters
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


def poppler(name: str, printed: bytes, tmp_path: Path, *options: str) -> str:
    return tool(name, printed, tmp_path, *options)


def tool(name: str, printed: bytes, tmp_path: Path, *options: str, to: str = "") -> str:
    """What a tool that reads PDF files says of one. The tools may only be missing outside CI."""
    if shutil.which(name) is None:
        assert not os.environ.get("CI"), f"{name} is needed"
        pytest.skip(f"{name} is not here")
    path = tmp_path / "letter.pdf"
    path.write_bytes(printed)
    output = ["-"] if name == "pdftotext" else [to] if to else []
    asked = subprocess.run([name, *options, str(path), *output], check=True, capture_output=True)
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
    assert text.endswith(f"{ENGLISH.writer} Page 1 of 1")


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


@pytest.mark.check("I11")
def test_fonts_are_embedded_and_are_ours(tmp_path: Path) -> None:
    printed = print_letters([saying(KAZAKH, "سلام")])
    rows = poppler("pdffonts", printed, tmp_path).splitlines()[2:]
    assert rows
    for row in rows:
        assert row.split()[0].split("+")[1].startswith(("GentiumPlus", "NotoNaskhArabic"))
        assert row.split()[-5:-2] == ["yes", "yes", "yes"]


def test_fonts_are_embedded_as_pypdf_sees_them() -> None:
    fonts = reader(saying(KAZAKH)).pages[0]["/Resources"]["/Font"]
    for font in fonts.values():
        described = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert "/FontFile2" in described or "/FontFile3" in described


@pytest.mark.parametrize(
    ("language", "marked"), [("kk", "kk"), ("pt-BR", "pt-BR"), ("zh-Hant-TW", "zh-TW")]
)
@pytest.mark.check("I11")
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
    assert min(x for x, y in places.values() if 60 < y < 68) == pytest.approx(25, abs=0.5)
    assert places["Sam Supporter"][0] > 130
    assert places["Today"][0] < 30


@pytest.mark.parametrize("paper", Paper)
@pytest.mark.parametrize(
    "address",
    [("A line of thirty-four characters ab",) * 3, ("Ministry " * 8,) * 2, ("Line",) * 6],
    ids=["two rows each", "three rows each", "short"],
)
def test_an_address_of_six_rows_stands_in_the_window(
    address: tuple[str, ...], paper: Paper
) -> None:
    places = positions(reader(replace(ENGLISH, address=address), paper=paper))
    rows = [y for text, (x, y) in places.items() if x < 26 and 50 < y < 92]
    assert rows
    assert max(rows) < (88.5 if paper is Paper.A4 else 3.08 * 25.4)


def test_a_crowded_address_stays_in_the_window() -> None:
    crowded = tuple(
        f"Line {number} of a long address with many words in it" for number in range(12)
    )
    places = positions(reader(replace(ENGLISH, address=crowded)))
    lines = [y for text, (_, y) in places.items() if text.startswith("Line")]
    assert len(lines) == 12
    assert min(lines) > 45
    assert max(lines) < 90


@pytest.mark.parametrize(
    ("paper", "folds"), [(Paper.A4, [105, 210]), (Paper.US_LETTER, [93.1, 186.3])]
)
def test_fold_marks_stand_where_the_sheet_fits_its_envelope(
    paper: Paper, folds: list[float], tmp_path: Path
) -> None:
    # Ten pixels a millimetre; the marks are alone between 6 and 8 mm from the left edge.
    picture = tmp_path / "sheet"
    printed = print_letters([ENGLISH], paper=paper)
    tool("pdftoppm", printed, tmp_path, "-r", "254", "-gray", to=str(picture))
    (file,) = tmp_path.glob("sheet*.pgm")
    _kind, size, _depth, pixels = file.read_bytes().split(b"\n", 3)
    width = int(size.split()[0])
    rows = [pixels[start : start + width] for start in range(0, len(pixels), width)]
    dark = [y / 10 for y, row in enumerate(rows) if max(row[60:80]) < 200]
    places = [y for y in dark if y - 0.1 not in dark]
    assert places == pytest.approx(folds, abs=0.3)


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


def type_sizes(pdf: PdfReader, page: int = 0) -> set[float]:
    content = pdf.pages[page].get_contents()
    assert content is not None
    return {
        round(float(size), 1)
        for (_, size) in re.findall(rb"/(\w+) ([\d.]+) Tf", content.get_data())
    }


def test_letters_in_one_file_are_set_and_numbered_as_each_is_alone() -> None:
    def lines(count: int) -> FinishedLetter:
        return saying(*["One line."] * count)

    fullest = next(count for count in range(10, 40) if len(reader(lines(count + 1)).pages) > 1)
    # Both signs of the alternation begin with a letter that spills, and end with one.
    letters = [lines(count) for count in (fullest, fullest + 30, 3, fullest + 1, 60, 60, 3, 60)]
    alone = [reader(letter) for letter in letters]
    together = reader(*letters)
    texts = [text for pdf in alone for text in page_texts(pdf)]
    assert page_texts(together) == texts
    assert "Page 1 of 1" in texts[0]
    assert "Page 1 of 2" in texts[1]
    assert [type_sizes(together, page) for page in range(len(texts))] == [
        type_sizes(pdf, page) for pdf in alone for page in range(len(pdf.pages))
    ]


def test_a_subject_that_reads_like_a_count_of_pages_changes_nothing() -> None:
    odd = "%PDF-1.7 1 0 obj <</Type/Pages/Count 7"
    (text,) = page_texts(reader(saying("Hello.", subject=odd)))
    assert text.endswith("Page 1 of 1")


def test_pages_are_numbered_for_each_letter_in_its_language() -> None:
    long = saying(*["Many words are needed to say this. " * 20] * 8, language="de")
    texts = page_texts(reader(ENGLISH, long, replace(ENGLISH, language="fa", direction="rtl")))
    count = len(texts) - 2
    assert count >= 2
    assert texts[0].endswith("Page 1 of 1")
    assert texts[1].endswith(f"Seite 1 von {count}")
    assert texts[2].endswith(f"Seite 2 von {count}")
    assert "صفحه" in texts[-1]
    assert texts[-1].count("۱") == 2


@pytest.mark.parametrize("letter", ["W", "Щ", "M"])
def test_a_name_of_120_letters_without_a_space_stays_on_the_sheet(letter: str) -> None:
    name = letter * 119 + "!"
    pdf = reader(saying("Hello.", writer=name, address=(name, "City"), subject=name))
    assert len(pdf.pages) == 1
    assert "".join(pdf.pages[0].extract_text().split()).count(name) == 3
    runs = re.findall(f"{letter}+", pdf.pages[0].extract_text())
    assert max(len(run) for run in runs) <= 60


def test_characters_without_a_glyph_are_named() -> None:
    assert missing_glyphs(KAZAKH + RUSSIAN + LATIN + "سلام שלום 漢字と漢 한국 ქართული") == []
    assert missing_glyphs("\U0001f54a ok 𓀀") == ["\U0001f54a", "𓀀"]


def test_a_letter_and_its_mark_are_asked_for_together() -> None:
    assert missing_glyphs("q\u0301") == []
    assert missing_glyphs("ږ") == []
    assert missing_glyphs("e\u0356") == []
    assert missing_glyphs("漢\u0356") == ["漢\u0356"]


def test_a_character_that_no_font_has_is_marked_and_named_and_the_letter_is_printed() -> None:
    (text,) = page_texts(reader(saying("Hello 𓀀 there."), sender=("Sam",)))
    assert "Hello (?) there." in text
    assert "Could not be printed: (?) U+13000 EGYPTIAN HIEROGLYPH A001" in text
    assert print_letters([ENGLISH])


def test_several_missing_characters_are_told_apart_in_the_letter_they_stand_in() -> None:
    letters = (
        saying("Первое 𓀀.", language="ru", writer="Zoë \U0001f54a"),
        saying("Second 𓀀."),
        ENGLISH,
    )
    first, second, third = page_texts(reader(*letters))
    assert "Первое (?1)." in first
    assert "Zoë (?2)" in first
    assert "Не удалось напечатать: (?1) U+13000" in first
    assert "; (?2) U+1F54A DOVE OF PEACE" in first
    assert "(?2)" not in second
    assert "Could not be printed: (?1)" in second
    assert "(?" not in third


def test_a_sender_or_an_address_may_hold_what_no_font_has() -> None:
    odd = replace(ENGLISH, address=("𓀀 Street", "City"))
    (text,) = page_texts(reader(odd, sender=("Sam 𓀀",)))
    assert "Sam (?)" in text
    assert "(?) Street" in text
    assert "(?) U+13000" in text


def test_selectors_that_tell_japanese_names_apart_are_no_missing_character() -> None:
    (text,) = page_texts(reader(saying("葛\U000e0100城", language="ja")))
    assert "葛" in text
    assert "(?)" not in text


SCRIPTS = {
    "ar": "أكتب إليكم بشأن لاعب وأطلب الإفراج عن السجناء الآن",
    "fa": "از شما درخواست دارم گزارش پژوهشگران را بخوانید",
    "he": "אני כותב אליכם בעניין הנאשמת",
    "hi": "मैं आपको श्रीमती प्रिया शर्मा के बारे में लिख रहा",
    "ka": "გწერთ თქვენ ნინო ბერიძის შესახებ",
    "hy": "Ես գրում եմ ձեզ Աննա Սարգսյանի մասին",
    "th": "ข้าพเจ้าเขียนถึงท่านเกี่ยวกับคุณสมชาย",
    "zh": "我写信给您，要求释放王小明。",
    "ja": "私は山田太郎さんの釈放を求めます。",
    "ko": "저는 김철수 씨의 석방을 요청합니다",
}


@pytest.mark.parametrize("language", SCRIPTS)
@pytest.mark.check("I11")
def test_every_script_is_drawn_and_read_back(language: str, tmp_path: Path) -> None:
    words = SCRIPTS[language]
    letter = saying(words, language=language, direction=text_direction(language))
    printed = print_letters([letter])
    read = poppler("pdftotext", printed, tmp_path)
    flat = "".join(read.split())
    for word in words.split():
        assert word in flat
    assert "(?)" not in read


@pytest.mark.parametrize("language", ["ar", "fa"])
@pytest.mark.check("I11")
def test_words_from_the_right_are_read_back_in_their_order(language: str, tmp_path: Path) -> None:
    words = SCRIPTS[language].split()
    letter = saying(SCRIPTS[language], language=language, direction="rtl")
    read = poppler("pdftotext", print_letters([letter]), tmp_path)
    places = [read.index(word) for word in words]
    assert places == sorted(places)


def test_without_the_extra_package_letters_of_its_scripts_are_marked(tmp_path: Path) -> None:
    # In a process of its own that cannot see the package, as an installation without the extra.
    for folder in ("cvttf_NotoSansCJK_Regular", "cvttf_NotoSansCJK_Bold"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    asked = "from app.letters.fonts import missing_glyphs; print(missing_glyphs('漢 é'))"
    said = subprocess.run(
        [sys.executable, "-c", asked],
        env={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.strip() == "['漢']"


def test_a_country_has_its_paper() -> None:
    assert {paper_in(country) for country in ("US", "CA", "MX")} == {Paper.US_LETTER}
    assert {paper_in(country) for country in ("DE", "KZ", "-", "")} == {Paper.A4}


def test_the_file_is_sound_in_the_eyes_of_qpdf(tmp_path: Path) -> None:
    printed = print_letters([saying(KAZAKH, *SCRIPTS.values()), ENGLISH], sender=("Sam",))
    assert "No syntax or stream encoding errors found" in tool("qpdf", printed, tmp_path, "--check")
    whole = json.loads(tool("qpdf", printed, tmp_path, "--json"))
    objects = json.dumps(whole["qpdf"])
    for acting in ("/JavaScript", "/JS", "/URI", "/Launch", "/OpenAction", "/EmbeddedFile"):
        assert f'"{acting}"' not in objects
    assert tool("pdfinfo", printed, tmp_path).count("yes") >= 1
    assert re.search(r"Tagged: +yes", tool("pdfinfo", printed, tmp_path))
    assert re.search(r"JavaScript: +no", tool("pdfinfo", printed, tmp_path))


def test_a_sender_with_control_characters_is_printed_on_clean_lines() -> None:
    (text,) = page_texts(reader(ENGLISH, sender=("Sam\nSupporter\x00", "3011\u2028Bern")))
    assert text.startswith("Sam Supporter 3011 Bern")


def test_a_letter_without_a_subject_is_printed() -> None:
    pdf = reader(replace(ENGLISH, subject=""))
    assert pdf.metadata is not None
    assert pdf.metadata.title == ENGLISH.salutation
