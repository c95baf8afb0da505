"""The design system, measured: contrast of its colours, and no side that cannot be mirrored."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from app.web.assets import STATIC

CSS = (STATIC / "outcry.css").read_text(encoding="utf-8")
GROUNDS = ("page", "surface", "paper")
# (foreground, background, at least): text 4.5, our own goal 7 for what is read long; WCAG 1.4.3,
# 1.4.6 and 1.4.11 (3 for controls and graphics).
TEXT = [(ink, ground, 7.0) for ink in ("ink", "ink-soft", "link") for ground in GROUNDS]
TEXT += [
    (ink, ground, 4.5) for ink in ("visited", "error", "success", "warning") for ground in GROUNDS
]
NOTICES = [
    ("error", "error-ground", 4.5),
    ("success", "success-ground", 4.5),
    ("warning", "warning-ground", 4.5),
    *(
        (ink, f"{kind}-ground", 7.0)
        for ink in ("ink",)
        for kind in ("error", "success", "warning", "info")
    ),
    ("link", "info-ground", 4.5),
    ("link", "warning-ground", 4.5),
    ("ink", "mark", 7.0),
]
BUTTONS = [
    ("on-send", "send", 4.5),
    ("on-send", "send-strong", 4.5),
    ("on-brand", "brand", 4.5),
    ("on-brand", "link-strong", 4.5),
    ("send", "page", 3.0),
]
GRAPHICS = [("control", ground, 3.0) for ground in GROUNDS]
GRAPHICS += [(f"series-{one}", "page", 3.0) for one in ("1", "2", "3", "4", "muted")]
GRAPHICS += [("fill", "track", 3.0), ("focus", "page", 3.0)]


def tokens(scheme: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\n\s*\}", CSS, flags=re.DOTALL)[:2]
    found = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6});", light))
    if scheme == "dark":
        found |= dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6});", dark))
    return found


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        digits = colour.lstrip("#")
        digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
        parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "at_least"), TEXT + NOTICES + BUTTONS + GRAPHICS)
@pytest.mark.check("A4")
def test_contrast(scheme: str, front: str, ground: str, at_least: float) -> None:
    colours = tokens(scheme)
    assert contrast(colours[front], colours[ground]) >= at_least


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.check("A4")
def test_the_focus_is_seen_on_any_ground(scheme: str) -> None:
    colours = tokens(scheme)
    grounds = [colours[name] for name in (*GROUNDS, "brand", "send", "error-ground", "mark")]
    for ground in grounds:
        seen = max(contrast(colours[ring], ground) for ring in ("focus", "halo"))
        assert seen >= 3


@pytest.mark.check("A3")
def test_nothing_is_tied_to_a_physical_side() -> None:
    # The widget's sheet stays as its makers ship it.
    own = [path for path in STATIC.glob("*.css") if path.name != "altcha.css"]
    sheets = [path.read_text(encoding="utf-8") for path in own]
    physical = re.compile(
        r"(?<![a-z-])(?:(?:margin|padding|border)-(?:left|right|top|bottom)|left|right|top|bottom"
        r"|(?:min-|max-)?(?:width|height)|text-align:\s*(?:left|right)|float)\s*:"
    )
    for sheet in sheets:
        bare = re.sub(r"@media[^{]+\{", "", re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL))
        assert physical.findall(bare) == []


def test_type_never_shrinks_below_fourteen_pixels() -> None:
    sizes = [float(size) for size in re.findall(r"font(?:-size)?: ([0-9.]+)rem", CSS)]
    assert min(sizes) >= 0.8125
    assert all(a != b for a, b in pairwise(sorted(set(sizes))))
