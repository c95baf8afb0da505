"""What is asked for, and the groups it is asked of."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.campaigns import planning, wording
from app.campaigns.models import Campaign
from app.campaigns.planning import GroupRow, GroupsForm
from app.campaigns.wording import DemandRow, DemandsForm, spoken_in
from app.web.audience import Audience, open_to
from app.web.organiser import screens
from app.web.organiser.door import my_campaign
from app.web.organiser.screens import Fields, Screen
from app.web.state import now, reading


@open_to(Audience.ORGANISER)
def demands(ref: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    stored = wording.read_demands(campaign)
    return _draw(campaign, screens.fresh(campaign, stored, _fields(stored)))


@open_to(Audience.ORGANISER)
def save_demands(ref: str) -> ResponseReturnValue:
    opened = request.form.get("opened", "")
    return screens.save(
        ref,
        lambda session, campaign, by: wording.save_demands(
            session, campaign, _form(campaign), by=by, opened=opened, now=now()
        ),
        draw=_draw,
        fields_of=_fields,
        then=url_for("organiser.demands", ref=ref, saved=1),
    )


@open_to(Audience.ORGANISER)
def groups(ref: str) -> ResponseReturnValue:
    campaign = my_campaign(reading(), ref)
    stored = planning.read_groups(campaign)
    return _draw_groups(campaign, screens.fresh(campaign, stored, _group_fields(stored)))


@open_to(Audience.ORGANISER)
def save_groups(ref: str) -> ResponseReturnValue:
    opened = request.form.get("opened", "")
    return screens.save(
        ref,
        lambda session, campaign, by: planning.save_groups(
            session, campaign, _group_form(spoken_in(campaign)), by=by, opened=opened, now=now()
        ),
        draw=_draw_groups,
        fields_of=_group_fields,
        then=url_for("organiser.groups", ref=ref, saved=1),
    )


def _draw(campaign: Campaign, screen: Screen) -> str:
    return render_template(
        "organiser/demands.html",
        campaign=campaign,
        screen=screen,
        rows=screens.rows_shown([str(demand.id) for demand in campaign.demands], screen),
        languages=spoken_in(campaign),
    )


def _draw_groups(campaign: Campaign, screen: Screen) -> str:
    return render_template(
        "organiser/groups.html",
        campaign=campaign,
        screen=screen,
        rows=screens.rows_shown([str(group.id) for group in campaign.audiences], screen),
        languages=spoken_in(campaign),
    )


def _fields(form: DemandsForm) -> Fields:
    fields: Fields = {"row": tuple(row.row for row in form.rows)}
    for row in form.rows:
        fields |= {f"position-{row.row}": row.position, f"audiences-{row.row}": row.audiences}
        fields |= {f"text-{row.row}-{language}": text for language, text in row.texts.items()}
    return fields


def _form(campaign: Campaign) -> DemandsForm:
    typed, languages = request.form, spoken_in(campaign)
    only = [group.key for group in campaign.audiences] if len(campaign.audiences) == 1 else []
    return DemandsForm(
        tuple(
            DemandRow(
                at,
                typed.get(f"position-{at}", ""),
                {one: typed.get(f"text-{at}-{one}", "") for one in languages},
                # Where there is one group there is nothing to choose.
                tuple(only or typed.getlist(f"audiences-{at}")),
                f"remove-{at}" in typed,
            )
            for at in screens.rows_in(typed)
        )
    )


def _group_fields(form: GroupsForm) -> Fields:
    fields: Fields = {"row": tuple(row.row for row in form.rows)}
    for row in form.rows:
        fields |= {f"name-{row.row}-{language}": name for language, name in row.names.items()}
    return fields


def _group_form(languages: tuple[str, ...]) -> GroupsForm:
    typed = request.form
    return GroupsForm(
        tuple(
            GroupRow(
                at,
                {one: typed.get(f"name-{at}-{one}", "") for one in languages},
                f"remove-{at}" in typed,
            )
            for at in screens.rows_in(typed)
        )
    )
