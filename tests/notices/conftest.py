"""Notices are written in every language there is, with the templates of this tree."""

from __future__ import annotations

import pytest

from app.core.i18n import catalogues
from app.notices.compose import use_templates
from tests.conftest import ROOT


@pytest.fixture(autouse=True, scope="session")
def _words() -> None:
    catalogues.load(ROOT / "translations")
    use_templates(ROOT / "templates")
