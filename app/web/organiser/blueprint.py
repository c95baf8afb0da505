"""The staff door: every address of the desk in one screen."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.web.organiser import (
    account,
    address_book,
    budget,
    campaign,
    change,
    coming,
    demands,
    desk,
    facts,
    found,
    handing,
    intake,
    letters,
    life,
    outcome,
    people,
    preview,
    review,
    targets,
    team,
    texts,
    timing,
)
from app.web.organiser.choices import day_in
from app.web.organiser.door import watch

account_bp = Blueprint("account", __name__)
bp = Blueprint("organiser", __name__, url_prefix="/desk")
watch(account_bp)
watch(bp)
bp.add_app_template_filter(day_in)

ONE = "/campaigns/<ref>"
LETTER = f"{ONE}/letters/<group>/<language>"

Route = tuple[str, str, Callable[..., ResponseReturnValue]]

ACCOUNT: tuple[Route, ...] = (
    ("/sign-in", "GET", account.sign_in),
    ("/sign-in", "POST", account.start),
    ("/sign-out", "POST", account.sign_out),
    ("/account", "GET", account.account),
    ("/account/language", "POST", account.save_language),
    ("/account/password", "POST", account.save_password),
)
DESK: tuple[Route, ...] = (
    ("", "GET", desk.desk),
    ("/coming", "GET", coming.coming),
    ("/campaigns", "GET", desk.campaigns),
    ("/documents", "GET", intake.paste),
    ("/documents", "POST", intake.read_document),
    ("/documents/draft", "POST", intake.make_from_document),
    ("/campaigns/new", "GET", campaign.new),
    ("/campaigns/new", "POST", campaign.save_new),
    (ONE, "GET", campaign.campaign),
    (f"{ONE}/found", "GET", found.found),
    (f"{ONE}/found", "POST", found.save_found),
    (f"{ONE}/facts", "GET", facts.facts),
    (f"{ONE}/facts", "POST", facts.save_facts),
    (f"{ONE}/texts", "GET", texts.texts),
    (f"{ONE}/texts/<language>", "GET", texts.texts_in),
    (f"{ONE}/texts/<language>", "POST", texts.save_texts),
    (f"{ONE}/people", "GET", people.people),
    (f"{ONE}/people", "POST", people.save_people),
    (f"{ONE}/groups", "GET", demands.groups),
    (f"{ONE}/groups", "POST", demands.save_groups),
    (f"{ONE}/demands", "GET", demands.demands),
    (f"{ONE}/demands", "POST", demands.save_demands),
    (f"{ONE}/targets", "GET", targets.targets),
    (f"{ONE}/targets", "POST", targets.save_targets),
    (f"{ONE}/letters", "GET", letters.letters),
    (LETTER, "GET", letters.letter),
    (LETTER, "POST", letters.save_letter),
    (f"{ONE}/handing", "GET", handing.handing),
    (f"{ONE}/handing/<int:number>", "POST", handing.take_letters),
    (f"{ONE}/timing", "GET", timing.timing),
    (f"{ONE}/timing", "POST", timing.save_timing),
    (f"{ONE}/preview", "GET", preview.preview),
    (f"{ONE}/preview/<language>", "GET", preview.preview_in),
    (f"{ONE}/review", "GET", review.review),
    (f"{ONE}/review/ask", "POST", review.ask),
    (f"{ONE}/review/publish", "POST", review.publish),
    (f"{ONE}/review/return", "POST", review.send_back),
    (f"{ONE}/extend", "GET", timing.extend),
    (f"{ONE}/extend", "POST", timing.save_extend),
    (f"{ONE}/pause", "GET", life.pause),
    (f"{ONE}/pause", "POST", life.save_pause),
    (f"{ONE}/resume", "GET", life.resume),
    (f"{ONE}/resume", "POST", life.save_resume),
    (f"{ONE}/close", "GET", life.close),
    (f"{ONE}/close", "POST", life.save_close),
    (f"{ONE}/change", "GET", change.change),
    (f"{ONE}/change", "POST", change.save_change),
    (f"{ONE}/outcome", "GET", outcome.outcome),
    (f"{ONE}/outcome", "POST", outcome.save_outcome),
    (f"{ONE}/next", "GET", life.next_one),
    (f"{ONE}/next", "POST", life.save_next),
    (f"{ONE}/hide", "GET", life.hide),
    (f"{ONE}/hide", "POST", life.save_hide),
    ("/reviews", "GET", review.reviews),
    ("/address-book", "GET", address_book.book),
    ("/address-book/new", "GET", address_book.new_authority),
    ("/address-book/new", "POST", address_book.add),
    ("/address-book/<key>", "GET", address_book.authority),
    ("/address-book/<key>", "POST", address_book.save),
    ("/address-book/<key>/budget/<uuid:point>", "GET", budget.budget),
    ("/address-book/<key>/budget/<uuid:point>", "POST", budget.save_budget),
    ("/address-book/<key>/again", "POST", address_book.send_again_to),
    ("/team", "GET", team.team),
)

for rule, method, view in ACCOUNT:
    account_bp.add_url_rule(rule, view.__name__, view, methods=[method])
for rule, method, view in DESK:
    bp.add_url_rule(rule, view.__name__, view, methods=[method])
