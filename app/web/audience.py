"""Every view says whom it is open to; to all others it is not there: 404."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, TypeVar, cast

from flask import abort, redirect, request, url_for

from app.accounts.models import Account, RoleName
from app.web.organiser.security import current_account
from app.web.state import settings

View = TypeVar("View", bound=Callable[..., Any])


class Audience(StrEnum):
    """Who may come in by a view."""

    PUBLIC = "public"
    SUPPORTER = "supporter"
    ORGANISER = "organiser"
    COORDINATOR = "coordinator"
    ADMINISTRATOR = "administrator"
    STAFF = "staff"
    LOCAL = "local"


# Organisers may look at the numbers too; an administrator never sees the words of a letter.
_ROLES = {
    Audience.ORGANISER: (RoleName.ORGANISER,),
    Audience.COORDINATOR: (RoleName.COORDINATOR, RoleName.ORGANISER),
    Audience.ADMINISTRATOR: (RoleName.ADMINISTRATOR,),
    Audience.STAFF: tuple(RoleName),
}


def open_to(audience: Audience) -> Callable[[View], View]:
    """Mark a view with its audience and let nobody else in."""

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if audience is Audience.LOCAL and not settings().is_local_only:
                abort(404)
            if audience in _ROLES:
                account = current_account()
                if account is None:
                    return redirect(url_for("account.sign_in", next=_next()))
                if not may_enter(account, audience):
                    abort(404)
            return view(*args, **kwargs)

        guarded.open_to = audience  # type: ignore[attr-defined]
        return cast(View, guarded)

    return mark


def may_enter(account: Account, audience: Audience) -> bool:
    return any(account.may_be(role) for role in _ROLES.get(audience, ()))


def _next() -> str | None:
    # Only a page that was looked at is returned to, and only on this site.
    return request.path if request.method == "GET" else None
