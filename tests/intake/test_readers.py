"""Every kind of file gives the text that its reader sees, and nothing beside it."""

# ruff: noqa: E501 - sources of documents are as wide as they are
from __future__ import annotations

import email.policy
from email.message import EmailMessage

import pytest

from app.intake.readers.document import (
    BYTES_AT_MOST,
    CHARACTERS_AT_MOST,
    FileKind,
    Note,
    NoteCode,
    Reason,
    Unreadable,
)
from app.intake.readers.html import read_html
from app.intake.readers.reading import read_file, read_pasted
from tests.intake.files import LETTER, W, archive, docx, odt, paragraph, pdf

FRENCH = "Je suis préoccupé-e à l'idée que l'élève, arrêtée « sans motif », reste détenue à Astana."
RUSSIAN = (
    "Прошу Вас сделать всё, что в Ваших силах, чтобы журналист был немедленно освобождён, "
    "а обвинения против него были сняты. Обращения следует направить до 12 мая."
)


def codes(notes: tuple[Note, ...]) -> set[NoteCode]:
    return {note.code for note in notes}


def reason(data: bytes) -> Reason:
    with pytest.raises(Unreadable) as refusal:
        read_file(data)
    return refusal.value.reason


def test_a_page_gives_its_headings_lists_lines_and_addresses() -> None:
    page = b"""<!DOCTYPE html><html><head><title>Site</title><style>p{}</style></head><body>
      <nav><a href="/">Home</a></nav><script>alert(1)</script>
      <h1>Free&nbsp;Ada</h1><p>Write to<br>The Minister<br>Main&nbsp;St 1</p>
      <ul><li>Release <b>her</b></li><li>Drop the charges</li></ul><ol><li>One<li>Two</ol>
      <p><strong>Act before 12 May</strong></p>
      <table><tr><td>Fax:</td><td>+7 7172 745631</td></tr></table>
      <p><a href="mailto:minister@example.org?subject=x">the Minister</a>,
      <a href="mailto:a@example.org">a@example.org</a>, <a href="https://gov.example/form">form</a>,
      <a href="/cdn-cgi/l/email-protection#aa">[email&#160;protected]</a></p></body></html>"""
    found = read_file(page)
    assert found.kind is FileKind.HTML
    assert found.text.split("\n") == [
        "# Free\u00a0Ada",
        "",
        "Write to",
        "The Minister",
        "Main\u00a0St 1",
        "",
        "- Release her",
        "- Drop the charges",
        "",
        "1. One",
        "2. Two",
        "",
        "**Act before 12 May**",
        "",
        "Fax:",
        "+7 7172 745631",
        "",
        (
            "[the Minister](mailto:minister@example.org?subject=x), a@example.org, "
            "[form](https://gov.example/form), [email\u00a0protected]"
        ),
    ]


def test_tags_that_never_end_or_were_never_begun_do_no_harm() -> None:
    deep = "<div>" * 60_000 + "inside" + "</p></b></ul></a>" * 1_000
    assert "inside" in read_html(deep)


def test_a_word_file_gives_its_tables_lines_and_notes_and_no_picture() -> None:
    mark = '<w:p><w:r><w:t>Arrested in March</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    table = (
        "<w:tbl><w:tr>"
        + "".join(
            f"<w:tc>{paragraph(text)}</w:tc>" for text in ("Minister\nAlma Example", "Fax: 1")
        )
        + "</w:tr></w:tbl>"
    )
    notes = f'<w:footnotes xmlns:w="{W}"><w:footnote w:id="2">{paragraph("By the police.")}</w:footnote></w:footnotes>'
    found = read_file(
        docx(
            paragraph("URGENT ACTION", bold=True) + mark + table + paragraph("The end."),
            footnotes=notes,
        )
    )
    assert found.kind is FileKind.DOCX
    lines = [line for line in found.text.split("\n") if line]
    assert lines == [
        "**URGENT ACTION**",
        "Arrested in March",
        "Minister",
        "Alma Example",
        "Fax: 1",
        "The end.",
        "1. By the police.",
    ]


def test_an_open_document_gives_its_lines_and_notes_and_nothing_that_was_deleted() -> None:
    found = read_file(
        odt(
            "<text:tracked-changes><text:p>Gone</text:p></text:tracked-changes>"
            '<text:h text:outline-level="2">Free Ada</text:h>'
            "<text:p>The Minister<text:line-break/>Main<text:s/>St 1<text:note>"
            "<text:note-citation>1</text:note-citation><text:note-body><text:p>Said on Monday."
            "</text:p></text:note-body></text:note> is asked</text:p>"
            "<text:list><text:list-item><text:p>Release her</text:p></text:list-item></text:list>"
        )
    )
    assert found.kind is FileKind.ODT
    assert found.text.split("\n") == [
        "## Free Ada",
        "",
        "The Minister",
        "Main St 1 is asked",
        "",
        "- Release her",
        "",
        "",
        "Said on Monday.",
    ]


def mail(text: str = "", page: str = "", charset: str = "utf-8") -> EmailMessage:
    made = EmailMessage(policy=email.policy.SMTP)
    made["From"], made["To"] = "Section <ua@example.org>", "list@example.org"
    made["Subject"], made["Date"] = "Дело UA 60/16", "Fri, 05 Aug 2016 10:00:00 +0000"
    made["Message-ID"] = "<1@example.org>"
    if text:
        made.set_content(text, charset=charset)
    if page:
        made.add_alternative(page, subtype="html")
    return made


def test_a_mail_gives_its_subject_its_day_and_what_was_written() -> None:
    found = read_file(mail(RUSSIAN, "<p>the same</p>", charset="koi8-r").as_bytes())
    assert found.kind is FileKind.EML
    assert found.text.startswith(
        "Subject: Дело UA 60/16\nDate: Fri, 05 Aug 2016 10:00:00 +0000\n\n"
    )
    assert RUSSIAN in found.text
    assert "the same" not in found.text


def test_a_mail_that_only_says_see_attached_gives_the_attachment() -> None:
    made = mail("Please find attached.")
    made.add_attachment(
        docx(paragraph("URGENT ACTION for Ada")),
        maintype="application",
        subtype="octet-stream",
        filename="x.bin",
    )
    found = read_file(made.as_bytes())
    assert "URGENT ACTION for Ada" in found.text
    assert NoteCode.ATTACHMENT_READ in codes(found.notes)


def test_a_letter_that_begins_with_to_is_no_mail() -> None:
    assert read_file(b"To: the Minister\nDate: 3 May\n\nDear Minister").kind is FileKind.TEXT


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "cp1252"),
        (RUSSIAN, "koi8_r"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "cp866"),
        ("Żądam, aby niezwłocznie zwolniono więźnia sumienia i umożliwiono mu wyjazd.", "cp1250"),
        ("Παρακαλώ να αφεθεί ελεύθερη αμέσως και χωρίς όρους η δημοσιογράφος.", "iso8859_7"),
    ],
)
def test_old_encodings_are_found(text: str, encoding: str) -> None:
    found = read_file((text + "\n" + text).encode(encoding))
    assert found.text.startswith(text)
    assert NoteCode.ENCODING_GUESSED in codes(found.notes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_in_every_form_is_no_guess(encoding: str) -> None:
    found = read_file(FRENCH.encode(encoding))
    assert (found.text, found.notes) == (FRENCH, ())


@pytest.mark.parametrize(
    ("text", "written", "read_as"),
    [
        (FRENCH, "utf-8", "cp1252"),
        (RUSSIAN, "utf-8", "cp1252"),
        (RUSSIAN, "utf-8", "cp1251"),
        (RUSSIAN, "koi8_r", "cp1251"),
        (RUSSIAN, "cp1251", "latin-1"),
        (RUSSIAN, "koi8_r", "latin-1"),
    ],
)
def test_a_text_that_was_read_wrongly_is_repaired(text: str, written: str, read_as: str) -> None:
    broken = "".join(
        bytes([byte]).decode(read_as, errors="ignore") or chr(byte) for byte in text.encode(written)
    )
    found = read_pasted(broken)
    assert found.text.replace("\u00a0", " ") == text.replace("\u00a0", " ")
    assert codes(found.notes) == {NoteCode.MOJIBAKE_REPAIRED}


@pytest.mark.parametrize(
    "text", [FRENCH, RUSSIAN, LETTER, "ПРЕЗИДЕНТ РЕСПУБЛИКИ КАЗАХСТАН, УЛИЦА МИРА, 1"]
)
def test_a_right_text_is_left_alone(text: str) -> None:
    found = read_pasted(text)
    assert (found.text, found.notes) == (text.strip(), ())


def test_what_nobody_sees_goes_and_what_scripts_need_stays() -> None:
    typed = (
        LETTER
        + "a\u202eb\u200bc\ufeff\r\nd\u2028e\x07\tf\u00ad \uf0b7 =?utf-8?q?x?= e\u0301 می\u200cروم"
    )
    assert read_pasted(typed).text == LETTER + "abc\nd\ne    f • = ?utf-8?q?x?= é می\u200cروم"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", Reason.EMPTY),
        (b" \r\n\x00 ", Reason.EMPTY),
        (b"x" * (BYTES_AT_MOST + 1), Reason.TOO_LARGE),
        (b"word " * (CHARACTERS_AT_MOST // 2), Reason.TOO_LONG),
        (bytes(range(256)) * 40, Reason.BINARY),
        (b"\x7fELF" + bytes(200), Reason.BINARY),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), Reason.SCAN),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), Reason.OLD_WORD),
        (b"{\\rtf1 Dear Minister}", Reason.RICH_TEXT),
        (archive({"a.txt": "words"}), Reason.UNKNOWN_KIND),
        (b"PK\x03\x04 cut off", Reason.BROKEN),
        (archive({"word/document.xml": "<w:document"}), Reason.BROKEN),
        (b"%PDF-1.7 cut off", Reason.BROKEN),
        (b"<html><body><script>1</script></body></html>", Reason.EMPTY),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, why: Reason) -> None:
    assert reason(data) is why


def test_nothing_pasted_is_nothing() -> None:
    with pytest.raises(Unreadable) as refusal:
        read_pasted(" \n\u00a0")
    assert refusal.value.reason is Reason.EMPTY


def test_a_scan_says_of_how_many_pages() -> None:
    drawn = "#set page(width: 10cm, height: 10cm)\n#rect()\n#pagebreak()\n#rect()"
    with pytest.raises(Unreadable) as refusal:
        read_file(pdf(drawn))
    assert (refusal.value.reason, refusal.value.detail) == (Reason.SCAN, "2")
