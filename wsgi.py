"""What a WSGI server and the `flask` command load: `wsgi:app`."""

from __future__ import annotations

from app import create_app
from config import read_settings

app = create_app(read_settings())
