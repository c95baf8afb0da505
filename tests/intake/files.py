"""Real files of every kind, made in the test: what organisers get by mail."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape

import typst

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_ODT = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


def archive(entries: Mapping[str, str | bytes], packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", packed) as target:
        for name, content in entries.items():
            target.writestr(name, content)
    return made.getvalue()


def run(text: str, *, bold: bool = False) -> str:
    kind = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f'<w:r>{kind}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def paragraph(text: str, *, style: str = "", bold: bool = False) -> str:
    lines = "<w:r><w:br/></w:r>".join(run(line, bold=bold) for line in text.split("\n"))
    kind = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{kind}{lines}</w:p>"


def docx(body: str, **more: str) -> bytes:
    types = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="application/vnd.openxmlformats-'
        f'officedocument.wordprocessingml.{name}+xml"/>'
        for name in ("document.main", *more)
    ).replace("/word/document.main.xml", "/word/document.xml")
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    links = "".join(
        f'<Relationship Id="r{name}" Type="{office}/{name}" Target="{name}.xml"/>' for name in more
    )
    return archive(
        {
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
            'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
            f"{types}</Types>",
            "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>',
            "word/_rels/document.xml.rels": f'<Relationships xmlns="{package}/relationships">'
            f"{links}</Relationships>",
            "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>',
            **{f"word/{name}.xml": content for name, content in more.items()},
        }
    )


def odt(body: str) -> bytes:
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"<office:document-content {_ODT}><office:body><office:text>{body}"
            "</office:text></office:body></office:document-content>",
        },
        zipfile.ZIP_STORED,
    )


def pdf(source: str) -> bytes:
    made = typst.compile(source.encode(), format="pdf")
    assert isinstance(made, bytes)
    return made


LETTER = (
    "Dear Minister, I am writing to you about the teacher Ada Prisoner, who was arrested at her "
    "school on 3 March and has not been allowed to see a lawyer since. "
)
ACTION = """URGENT ACTION

TEACHER AT RISK IN RURITANIA

Ada Prisoner, a teacher, was arrested on 3 March 2026 in Strelsau.

PLEASE WRITE IMMEDIATELY in English or German:
- Calling on the authorities to release Ada Prisoner immediately;
- Urging them to let her see a lawyer of her choice.

PLEASE SEND APPEALS BEFORE 12 MAY 2031 TO:

Minister of Justice
Alma Example
Ministry of Justice
Main Street 1
1000 Kampala
Uganda
Fax: +256 414 254829
Email: minister@justice.example.org
Salutation: Dear Minister

NAME: Ada Prisoner (she)
UA: 77/31 Index: AFR 59/1234/2031 Uganda  Date: 3 April 2031
"""
STATEMENT = """Statement of the Foundation at the conference

The situation of the press in the region has become worse in the last year, as our report of May
shows. Journalists told us of threats. The Foundation welcomes the debate and thanks the chair.
"""
