"""Addresses on paper: a sheet of labels to stick on, or the envelope itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.letters.paper import Marker, Paper, directed, print_job
from app.letters.render import one_line


def print_labels(
    addresses: Sequence[Sequence[str]], *, title: str, language: str, paper: Paper = Paper.A4
) -> bytes:
    """A sheet of labels: 70 x 37 mm on A4 (3 x 8), 1 x 2 5/8 inches on US Letter (3 x 10)."""
    return print_job(
        "labels.typ",
        lambda mark: _addresses(f"labels-{paper.value}", addresses, (), title, language, mark),
    )


def print_envelope(
    address: Sequence[str],
    *,
    title: str,
    language: str,
    sender: Sequence[str] = (),
    paper: Paper = Paper.A4,
) -> bytes:
    """One envelope that takes the folded sheet: DL for A4, #10 for US Letter."""
    return print_job(
        "labels.typ",
        lambda mark: _addresses(
            f"envelope-{paper.value}", [address], sender, title, language, mark
        ),
    )


def _addresses(
    form: str,
    addresses: Sequence[Sequence[str]],
    sender: Sequence[str],
    title: str,
    language: str,
    mark: Marker,
) -> dict[str, Any]:
    def written(lines: Sequence[str]) -> list[dict[str, str]]:
        return [directed(mark(one_line(line))) for line in lines]

    return {
        "form": form,
        "title": mark(one_line(title)),
        "lang": language.partition("-")[0],
        "sender": written(sender),
        "addresses": [written(address) for address in addresses if address],
    }
