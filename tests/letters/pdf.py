"""What tests ask of printed sheets: with pypdf, and with the tools of poppler and qpdf."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from pypdf import PdfReader

from app.letters.render import FinishedLetter, Paragraph, ParagraphKind

MM = 72 / 25.4
A_LETTER = FinishedLetter(
    language="en",
    direction="ltr",
    date="21 November 2026",
    address=("Alma Example", "President of Example", "1 Palace Square", "1000 Example City"),
    salutation="Your Excellency,",
    subject="Release Ada Prisoner",
    paragraphs=(
        Paragraph(ParagraphKind.TEXT, "Ada was arrested. She is held in Example City."),
        Paragraph(ParagraphKind.OWN, "I am a teacher."),
        Paragraph(ParagraphKind.DEMAND, "Please release her."),
        Paragraph(ParagraphKind.DEMAND, "Please drop the charges."),
        Paragraph(ParagraphKind.TEXT, "Thank you."),
    ),
    closing="Yours respectfully,",
    writer="Sam Supporter",
)


def tool(name: str, printed: bytes, tmp_path: Path, *options: str, to: str = "") -> str:
    """What a tool that reads PDF files says of one. The tools may only be missing outside CI."""
    if shutil.which(name) is None:
        assert not os.environ.get("CI"), f"{name} is needed"
        pytest.skip(f"{name} is not here")
    path = tmp_path / "sheet.pdf"
    path.write_bytes(printed)
    output = ["-"] if name == "pdftotext" else [to] if to else []
    asked = subprocess.run([name, *options, str(path), *output], check=True, capture_output=True)
    return asked.stdout.decode()


def pixels(printed: bytes, tmp_path: Path, page: int, *options: str) -> list[bytes]:
    """One page as rows of grey values."""
    target = str(tmp_path / "picture")
    number = str(page)
    said = ("-gray", "-singlefile", "-f", number, "-l", number, *options)
    tool("pdftoppm", printed, tmp_path, *said, to=target)
    _kind, size, _depth, values = (tmp_path / "picture.pgm").read_bytes().split(b"\n", 3)
    width = int(size.split()[0])
    return [values[start : start + width] for start in range(0, len(values), width)]


def page_texts(printed: bytes) -> list[str]:
    pages = PdfReader(io.BytesIO(printed)).pages
    return [" ".join(page.extract_text().split()) for page in pages]


def positions(printed: bytes, page: int = 0) -> dict[str, tuple[float, float]]:
    """Where each run of text first begins, in millimetres from the left and the top."""
    found: dict[str, tuple[float, float]] = {}
    sheet = PdfReader(io.BytesIO(printed)).pages[page]
    height = float(sheet.mediabox.height)

    def visit(text: str, cm: list[float], tm: list[float], *_: object) -> None:
        x, y = tm[4] * cm[0] + cm[4], tm[5] * cm[3] + cm[5]
        if text.strip():
            found.setdefault(text.strip(), (x / MM, (height - y) / MM))

    sheet.extract_text(visitor_text=visit)
    return found
