"""The coordinator's door: every address in one screen. Counts only, and nothing that changes."""

from __future__ import annotations

from flask import Blueprint

from app.web.coordinator import campaign, definitions, export, overview
from app.web.coordinator.words import period_name, state_name
from app.web.organiser.door import watch

bp = Blueprint("coordinator", __name__, url_prefix="/stats")

for rule, view in (
    ("", overview.overview),
    ("/campaigns/<string(length=5):ref>", campaign.campaign),
    ("/export.csv", export.export),
    ("/definitions", definitions.definitions),
):
    bp.add_url_rule(rule, view.__name__, view, methods=["GET"])

watch(bp)


@bp.context_processor
def words_of_pages() -> dict[str, object]:
    """What the templates of this door call things."""
    return {"period_name": period_name, "state_name": state_name}
