"""The supporter's door: every address in one screen. All of them start with the language."""

from __future__ import annotations

from flask import Blueprint, Response
from werkzeug.routing import BaseConverter

from app.core.i18n import current_language
from app.web.languages import language_in_address
from app.web.supporter import campaign, check, follow, home, letters, own_data, pages, read, remind
from app.web.supporter.shown import frame


class LanguageTag(BaseConverter):
    """The shape of a language in an address. A campaign's short address never has it."""

    regex = r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*"


bp = Blueprint("supporter", __name__, url_prefix="/<language:lang>")
bp.record_once(lambda setup: setup.app.url_map.converters.update(language=LanguageTag))
language_in_address(bp)

ACTION = "/campaigns/<ref>/<slug>"
LETTERS = "/letters/<token>"
REMINDERS = "/reminders/<token>"
PREFERENCES = "/preferences/<token>"

for rule, method, view in (
    ("/", "GET", home.home),
    ("/campaigns", "GET", home.campaigns),
    ("/campaigns/<ref>", "GET", campaign.without_slug),
    (ACTION, "GET", campaign.campaign),
    (f"{ACTION}/check", "POST", check.check),
    (f"{ACTION}/change", "POST", check.change),
    (f"{ACTION}/send", "POST", check.send),
    (f"{ACTION}/<any(check, change, send, remind):step>", "GET", campaign.back),
    (f"{ACTION}/remind", "POST", remind.ask_for_reminders),
    (f"{ACTION}/letter/<int:number>", "GET", read.letter),
    (f"{ACTION}/letter/<int:number>.pdf", "GET", read.letter_pdf),
    (f"{ACTION}/letter/<int:number>/<any(fax, envelope):kind>.pdf", "GET", read.letter_pdf),
    (f"{ACTION}/letter/<int:number>.pdf", "POST", read.letter_pdf_from),
    (f"{ACTION}/letter/<int:number>/<any(envelope):kind>.pdf", "POST", read.letter_pdf_from),
    (f"{ACTION}/letter/<int:number>/form", "GET", read.letter_form),
    (f"{ACTION}/letter/labels.pdf", "GET", read.labels_pdf),
    (f"{LETTERS}/confirm", "GET", letters.ask),
    (f"{LETTERS}/confirm", "POST", letters.confirm_letters),
    (LETTERS, "GET", letters.status),
    (f"{LETTERS}/print", "GET", letters.print_sheets),
    (f"{LETTERS}/print/<int:number>.pdf", "GET", letters.print_pdf),
    (
        f"{LETTERS}/print/<int:number>/<any(fax, envelope, embassy):kind>.pdf",
        "GET",
        letters.print_pdf,
    ),
    (f"{LETTERS}/print/<int:number>.pdf", "POST", letters.print_pdf_from),
    (
        f"{LETTERS}/print/<int:number>/<any(envelope, embassy):kind>.pdf",
        "POST",
        letters.print_pdf_from,
    ),
    (f"{LETTERS}/print/labels.pdf", "GET", letters.print_labels),
    (f"{LETTERS}/form/<int:number>", "GET", letters.form_text),
    (f"{LETTERS}/done/<int:number>", "POST", letters.done),
    (f"{LETTERS}/decide", "POST", letters.decide),
    (f"{LETTERS}/withdraw", "POST", letters.withdraw_signature),
    (f"{LETTERS}/data", "GET", own_data.data),
    (f"{LETTERS}/data.<any(json, txt):ending>", "GET", own_data.data_file),
    (f"{LETTERS}/data/take-back", "POST", own_data.take_back),
    (f"{LETTERS}/data/correct", "POST", own_data.correct_data),
    (f"{LETTERS}/data/erase", "POST", own_data.erase_data),
    (f"{REMINDERS}/confirm", "GET", remind.ask_to_confirm),
    (f"{REMINDERS}/confirm", "POST", remind.confirm_reminders),
    (f"{REMINDERS}/stop", "GET", remind.ask_to_stop),
    (f"{REMINDERS}/stop", "POST", remind.stop_reminders),
    (f"{REMINDERS}/done", "GET", remind.ask_if_done),
    (f"{REMINDERS}/done", "POST", remind.note_done),
    ("/follow", "GET", follow.follow),
    ("/follow", "POST", follow.ask_to_follow),
    ("/follow/<token>/confirm", "GET", follow.ask_to_confirm_follow),
    ("/follow/<token>/confirm", "POST", follow.confirm_follow),
    (PREFERENCES, "GET", follow.preferences),
    (PREFERENCES, "POST", follow.change_preferences),
    (f"{PREFERENCES}/stay", "POST", follow.stay),
    (f"{PREFERENCES}/<ref>", "GET", follow.choice),
    (f"{PREFERENCES}/<ref>", "POST", follow.say_choice),
    ("/unsubscribe/<token>", "GET", follow.ask_to_leave),
    ("/unsubscribe/<token>", "POST", follow.leave),
    ("/privacy", "GET", pages.privacy),
    ("/help/safety", "GET", pages.safety),
    ("/help/writing", "GET", pages.writing),
    ("/accessibility", "GET", pages.accessibility),
):
    bp.add_url_rule(rule, view.__name__, view, methods=[method])

bp.context_processor(frame)


@bp.after_request
def say_language(answer: Response) -> Response:
    answer.headers["Content-Language"] = current_language()
    return answer
