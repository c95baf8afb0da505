"""Work that a browser does and a flood of forms would rather not (altcha, proof of work).

The challenge is signed here, belongs to one form and dies within the hour; a solution is checked by
a hash, so that checking costs nothing. Nobody else is asked anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from datetime import datetime, timedelta

from altcha import Challenge, Payload, Solution, create_challenge, verify_solution

from app.core.tokens import Keys

ALGORITHM = "PBKDF2/SHA-256"
# A challenge is solved by trying out; so many tries make its duration even from one to the next.
_TRIES = range(150, 250)
_LIVES = timedelta(hours=1)
# Twice what a widget sends. Longer rubbish is not even looked at.
_LONGEST = 4_000


def make_challenge(keys: Keys, form_key: str, cost: int, now: datetime) -> str:
    """A challenge for one form, as the widget takes it. `cost` is the work of a single try."""
    challenge = create_challenge(
        ALGORITHM,
        cost,
        counter=secrets.choice(_TRIES),
        expires_at=now + _LIVES,
        data={"form": _form(form_key)},
        hmac_secret=_secret(keys),
        hmac_key_secret=_key_secret(keys),
    )
    return json.dumps(challenge.to_dict(), separators=(",", ":"))


def is_solved(keys: Keys, form_key: str, solution: str, now: datetime) -> bool:
    """Whether this is the work that was asked for this form."""
    if len(solution) > _LONGEST:
        return False
    try:
        content = json.loads(base64.b64decode(solution, validate=True))
        challenge = Challenge.from_dict(content["challenge"])
        found = Payload(challenge, Solution.from_dict(content["solution"]))
        checked = verify_solution(found, _secret(keys), hmac_key_secret=_key_secret(keys))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    parameters = challenge.parameters
    is_for_this = isinstance(parameters.data, dict) and parameters.data.get("form") == _form(
        form_key
    )
    lives = parameters.expires_at is not None and parameters.expires_at > now.timestamp()
    return bool(checked.verified) and is_for_this and lives


def _form(form_key: str) -> str:
    return hashlib.sha256(form_key.encode()).hexdigest()[:32]


def _secret(keys: Keys) -> str:
    return keys.derive("challenge").hex()


def _key_secret(keys: Keys) -> str:
    return keys.derive("challenge-key").hex()
