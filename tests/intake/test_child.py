"""Files that are made to hurt end in a sentence: in two seconds, in 300 MB, with nothing made."""

# ruff: noqa: E501 - sources of documents are as wide as they are
from __future__ import annotations

import io
import resource
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

import pytest

from app.intake.readers.child import ENVIRONMENT, read_stranger, words_of_child
from app.intake.readers.document import FileKind, Reason, Unreadable
from tests.intake.files import LETTER, archive, docx, odt, paragraph, pdf

MEGABYTES_AT_MOST = 300
# Of the processor: how long it takes on the wall is a matter of who else is working.
SECONDS_AT_MOST = 2.5


def entities() -> str:
    steps = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE x [<!ENTITY a0 "ha">{steps}]>'


def laughing_docx() -> bytes:
    inner = zipfile.ZipFile(io.BytesIO(docx(paragraph("LAUGH"))))
    entries = {name: inner.read(name) for name in inner.namelist()}
    document = entries["word/document.xml"].decode().replace("LAUGH", "&a9;")
    return archive({**entries, "word/document.xml": entities() + document})


def laughing_odt() -> bytes:
    inner = zipfile.ZipFile(io.BytesIO(odt("<text:p>LAUGH</text:p>")))
    content = inner.read("content.xml").decode().replace("LAUGH", "&a9;")
    return archive({"mimetype": inner.read("mimetype"), "content.xml": entities() + content})


def outside_odt() -> bytes:
    inner = zipfile.ZipFile(io.BytesIO(odt("<text:p>&out;</text:p>")))
    declared = '<!DOCTYPE x [<!ENTITY out SYSTEM "file:///etc/passwd">]>'
    content = declared + inner.read("content.xml").decode()
    return archive({"mimetype": inner.read("mimetype"), "content.xml": content})


def quine() -> bytes:
    """An entry whose promised size is a lie, and small."""
    made = archive(
        {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "a" * 9_000_000}
    )
    return made.replace((9_000_000).to_bytes(4, "little"), (900).to_bytes(4, "little"))


def overlapping() -> bytes:
    """Many entries in the table of contents, all of them the same bytes of the file."""
    made = archive({"word/document.xml": "<w:document/>" * 9_000})
    source = zipfile.ZipFile(io.BytesIO(made))
    one = source.infolist()[0]
    start = source.start_dir
    end = made.rfind(b"PK\x05\x06")
    entry, count = made[start:end], 900
    total = (count).to_bytes(2, "little")
    size, at = (len(entry) * count).to_bytes(4, "little"), start.to_bytes(4, "little")
    assert one.header_offset == 0
    return (
        made[:start] + entry * count + b"PK\x05\x06" + bytes(4) + total * 2 + size + at + bytes(2)
    )


def made_up_pdf(*objects: bytes) -> bytes:
    """A whole file with its table of objects."""
    made, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        made
        + b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, table)
        + b"trailer<</Root 1 0 R/Size %d>>\n" % (len(objects) + 1)
        + b"startxref\n%d\n%%%%EOF" % len(made)
    )


def pages_pdf(count: int, promised: int | None = None) -> bytes:
    """As many pages as were asked for, all of them the same object."""
    said = count if promised is None else promised
    return made_up_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%b]>>" % (said, b"3 0 R " * count),
        b"<</Type/Page/Parent 2 0 R>>",
    )


def stream_pdf() -> bytes:
    packed = zlib.compress(b"q " * 60_000_000, 9)
    return made_up_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<<>>>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (len(packed), packed),
    )


def deep_odt() -> bytes:
    return odt("<text:section>" * 100_000 + "<text:p>deep</text:p>" + "</text:section>" * 100_000)


def deep_docx() -> bytes:
    return docx(
        "<w:sdt><w:sdtContent>" * 20_000 + paragraph("x") + "</w:sdtContent></w:sdt>" * 20_000
    )


def deep_mail() -> bytes:
    parts = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(3_000)
    )
    return b"From: a@example.org\r\nSubject: x\r\nDate: x\r\nMIME-Version: 1.0\r\n" + parts


def busy_pdf() -> bytes:
    """A page that draws the same letter a million times."""
    packed = zlib.compress(b"BT /F 9 Tf " + b"(a) Tj " * 1_000_000 + b"ET", 9)
    return made_up_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (len(packed), packed),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )


def wide_docx() -> bytes:
    """Half a million elements, all different, within every limit of sizes."""
    return docx("".join(f"<w:x w:a='{n * 7919 % 999_983}'/>" for n in range(500_000)))


BOMBS = {
    "zip": (lambda: archive({"word/document.xml": b"\0" * 50_000_000}), {Reason.TOO_HEAVY}),
    "zip-of-many": (
        lambda: archive({f"word/{n}.xml": "x" for n in range(2_000)} | {"word/document.xml": "x"}),
        {Reason.TOO_HEAVY},
    ),
    "zip-that-lies": (quine, {Reason.BROKEN, Reason.TOO_HEAVY}),
    "zip-that-overlaps": (overlapping, {Reason.BROKEN, Reason.TOO_HEAVY}),
    "laughs-docx": (laughing_docx, {Reason.BROKEN, Reason.TOO_HEAVY}),
    "laughs-odt": (laughing_odt, {Reason.TOO_HEAVY}),
    "outside-odt": (outside_odt, {Reason.TOO_HEAVY}),
    "deep-docx": (deep_docx, {Reason.TOO_HEAVY, Reason.BROKEN}),
    "deep-mail": (deep_mail, {Reason.TOO_HEAVY, Reason.BROKEN, Reason.EMPTY}),
    "pages": (lambda: pages_pdf(100_000), {Reason.TOO_MANY_PAGES}),
    "pages-that-lie": (
        lambda: pages_pdf(100_000, 1),
        {Reason.TOO_MANY_PAGES, Reason.TOO_HEAVY, Reason.BROKEN},
    ),
    "busy": (busy_pdf, {Reason.TOO_HEAVY}),
    "wide": (wide_docx, {Reason.TOO_HEAVY}),
    "stream": (stream_pdf, {Reason.TOO_HEAVY, Reason.SCAN, Reason.BROKEN}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_in_a_sentence(name: str) -> None:
    make, wanted = BOMBS[name]
    data = make()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with pytest.raises(Unreadable) as refusal:
        read_stranger(data)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert refusal.value.reason in wanted
    spent = after.ru_utime - used.ru_utime + after.ru_stime - used.ru_stime
    assert spent < SECONDS_AT_MOST, f"{spent:.1f} s"


# A process counts what it was forked from, so a small one starts the child and looks at it.
LOOK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdin=sys.stdin, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.parametrize("name", ["stream", "wide", "deep-docx"])
def test_a_bomb_gets_no_more_memory_than_it_is_given(name: str, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb"
    bomb.write_bytes(BOMBS[name][0]())
    with bomb.open("rb") as source:
        looked = subprocess.run(
            [sys.executable, "-S", "-c", LOOK, *words_of_child()],
            stdin=source,
            capture_output=True,
            check=True,
        )
    assert 20 * 1024 < int(looked.stdout) < MEGABYTES_AT_MOST * 1024


# What the child may not do any more once it has given everything up, one line each.
FORBIDDEN = {
    "open": "open('/etc/hostname')",
    "write": "open('/dev/shm/outcry-intake-test', 'w')",
    "socket": "__import__('socket').socket()",
    "start": "__import__('subprocess').run(['true'])",
    "memory": "bytearray(400 * 1024 * 1024)",
    "settings": "__import__('os').environ['OUTCRY_SECRET']",
    "time": "signal.setitimer(signal.ITIMER_PROF, 0.2); [0 for _ in iter(int, 1)]",
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_the_child_has_given_up(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is tried in a process that is made as the child is, behind its own limits."""
    monkeypatch.setenv("OUTCRY_SECRET", "a key")
    python, isolated, option, start = words_of_child()
    tried = start.replace(
        "\nmain()",
        "\nimport signal, socket, subprocess"
        "\nfrom app.intake.readers.child import _limit"
        "\n_limit()"
        f"\ntry: {FORBIDDEN[name]}"
        "\nexcept BaseException as error: print(type(error).__name__)"
        "\nelse: print('done')",
    )
    assert tried != start
    done = subprocess.run(
        [python, isolated, option, tried], capture_output=True, check=True, env=ENVIRONMENT
    )
    assert done.stdout.decode().strip() in (
        "OSError",
        "MemoryError",
        "BlockingIOError",
        "KeyError",
        "TimeIsUp",
    )


def test_depth_alone_is_no_bomb() -> None:
    assert read_stranger(deep_odt()).text == "deep"


def test_a_file_comes_back_from_the_child_as_it_was_read() -> None:
    found = read_stranger(docx(paragraph("Préoccupée « à Астана »")))
    assert (found.text, found.kind, found.notes) == ("Préoccupée « à Астана »", FileKind.DOCX, ())


def test_twenty_pages_are_read_within_two_seconds() -> None:
    source = f"#set page(width: 21cm, height: 29.7cm)\n#for n in range(210) [Part #n: {LETTER * 2} #parbreak()]"
    data = pdf(source)
    began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    found = read_stranger(data)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "Part 209:" in found.text
    assert after.ru_utime - used.ru_utime < 2.0, time.monotonic() - began
