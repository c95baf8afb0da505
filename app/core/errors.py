"""One root for every "no": rooms raise it with a stable code, doors give it words."""

from __future__ import annotations


class Refused(Exception):
    """Something a person asked for is not done, for a reason that has a code."""

    code = "refused"


class NotFound(Refused):
    """There is no such thing, or the asker may not know of it."""

    code = "not_found"
