"""Browser windows on the pages of the gallery, for each person and way of looking."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response

from tests.end_to_end.gallery import STAFF_PAGES, SUPPORTER_PAGES, Gallery, Shown

NAMES = (*SUPPORTER_PAGES, *STAFF_PAGES)
# Shared by devices and themes: what the page must do in all of them is the same.
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
SMALLEST = {"width": 320, "height": 256}
SUBMIT = """([address, pairs]) => {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = address;
  for (const [name, value] of pairs) {
    const field = document.createElement('input');
    field.type = 'hidden';
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}"""


@dataclass(frozen=True, slots=True)
class Look:
    """One way of looking at a page."""

    theme: str
    viewport: dict[str, int]

    def __str__(self) -> str:
        return f"{self.theme}-{'phone' if self.viewport is PHONE else 'desktop'}"


LOOKS = tuple(Look(theme, size) for size in (PHONE, DESKTOP) for theme in ("light", "dark"))


def every_page(*, looks: bool) -> list[object]:
    """A test for each page; each in one way of looking, and in the other ones where time allows."""
    if not looks:
        return [pytest.param(name, id=name) for name in NAMES]
    return [
        pytest.param(
            name,
            look,
            id=f"{name}-{look}",
            marks=() if look is LOOKS[at % len(LOOKS)] else pytest.mark.long,
        )
        for at, name in enumerate(NAMES)
        for look in LOOKS
    ]


def translated(shown: Shown, language: str) -> Shown:
    """A page of supporters in another language: its address says which."""
    head, _, rest = shown.path.removeprefix("/").partition("/")
    assert len(head) == 2, shown.path
    on = f"/{language}/{shown.on.removeprefix('/').partition('/')[2]}" if shown.on else ""
    return replace(shown, name=f"{shown.name}-{language}", path=f"/{language}/{rest}", on=on)


def chosen_pages(always: tuple[str, ...]) -> list[object]:
    """A test for each page: these always, the others where time allows."""
    return [
        pytest.param(name, id=name, marks=() if name in always else pytest.mark.long)
        for name in NAMES
    ]


class Windows:
    """Browser windows for each person and way of looking, opened once."""

    def __init__(self, chromium: Browser, gallery: Gallery) -> None:
        self._chromium, self._gallery = chromium, gallery
        self._open: dict[tuple[str, str], BrowserContext] = {}

    def page(self, shown: Shown, look: Look, **emulated: str) -> Page:
        """A new page in the window of who looks; `emulated` is a preference of the reader."""
        key = (shown.who, f"{look} {emulated}")
        window = self._open.get(key)
        if window is None:
            window = self._chromium.new_context(
                base_url=self._gallery.service.base,
                color_scheme=look.theme,  # type: ignore[arg-type]
                viewport=look.viewport,  # type: ignore[arg-type]
                reduced_motion="reduce",
                locale="en-GB",
                **emulated,  # type: ignore[arg-type]
            )
            for cookie in self._gallery.readers[shown.who].jar:
                window.add_cookies(
                    [
                        {
                            "name": cookie.name,
                            "value": str(cookie.value),
                            "url": self._gallery.service.base,
                        }
                    ]
                )
            self._open[key] = window
        return window.new_page()

    def go(self, page: Page, shown: Shown) -> Response:
        """Open a page as somebody does: by its address, or by sending its form."""
        base = self._gallery.service.base
        if shown.fields is None:
            answer = page.goto(base + shown.path)
            assert answer is not None
            return answer
        page.goto(base + (shown.on or shown.path))
        fields = self._gallery.fields_of(shown, self._gallery.readers[shown.who])
        pairs = [
            [name, one]
            for name, value in fields.items()
            for one in ([value] if isinstance(value, str) else value)
        ]
        with page.expect_navigation() as navigation:
            page.evaluate(SUBMIT, [base + shown.path, pairs])
        return navigation.value

    def close(self) -> None:
        for window in self._open.values():
            window.close()
