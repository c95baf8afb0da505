"""Letters by post as one file, for whoever carries them to an office or an embassy."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, abort, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue

from app.authorities.offices import office_in
from app.core.db import unit_of_work
from app.letters.handing import hand_over
from app.letters.paper import Paper
from app.signatures.handing import (
    count_to_hand_over,
    cover_for,
    letters_to_hand_over,
    note_handing,
    target_numbered,
)
from app.signatures.rules import addressed
from app.web.audience import Audience, open_to
from app.web.organiser.door import here, language_of_desk, my_campaign
from app.web.state import database, keys, now, reading


@open_to(Audience.ORGANISER)
def handing(ref: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    return render_template(
        "organiser/handing.html",
        campaign=campaign,
        papers=list(Paper),
        rows=[
            (target, office_in(target.authority, language_of_desk()), letters)
            for target in addressed(campaign)
            if (letters := count_to_hand_over(reading(), target))
        ],
    )


@open_to(Audience.ORGANISER)
def take_letters(ref: str, number: int) -> ResponseReturnValue:
    """Send the file while it is made: nothing of it is held here, on disk or in memory."""
    campaign = my_campaign(reading(), ref)
    target = target_numbered(campaign, number)
    cover = cover_for(reading(), campaign, target, now())
    paper = request.form.get("paper", "")
    if not cover.letters or paper not in list(Paper):
        abort(404)
    with unit_of_work(database().writing) as session:
        note_handing(session, str(here().id), campaign, target, cover.letters, now())

    def pieces() -> Iterator[bytes]:
        letters = letters_to_hand_over(reading(), keys(), campaign, target)
        for _done, piece in hand_over(cover, letters, Paper(paper)):
            yield piece

    answer = Response(stream_with_context(pieces()), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{campaign.slug}-{number}.pdf"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
