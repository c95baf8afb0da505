"""The factory: settings in, a Flask application with its doors out. Nothing else."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.cli.commands import add_commands
from app.core import templates
from app.core.clocks import use_locked_zones
from app.core.i18n import catalogues
from app.core.logs import set_up_logs
from app.notices.compose import use_templates
from app.state import keep_state, make_state
from app.web import (
    assets,
    errors,
    headers,
    kept_pages,
    languages,
    mail_viewer,
    neutral,
    origin,
    probes,
    state,
)
from app.web.coordinator import blueprint as coordinator
from app.web.organiser import blueprint as organiser
from app.web.organiser.security import init_security
from app.web.supporter import blueprint as supporter
from config import ROOT, Settings

TEMPLATES = ROOT / "templates"
TRANSLATIONS = ROOT / "translations"
# A form with a whole letter in it is a few kilobytes; more than this is no form of ours.
LARGEST_FORM = 512 * 1024


def create_app(settings: Settings) -> Flask:
    """One process's application. Opens the database lazily and makes the key on a fresh machine."""
    set_up_logs(settings.log_format)
    use_locked_zones()
    app = Flask(__name__, template_folder=str(TEMPLATES), static_folder=None)
    process = make_state(settings)
    app.config.update(
        SECRET_KEY=process.keys.derive("session").hex(),
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        SETTINGS=settings,
    )
    kept_pages.init_kept_pages(app)
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    catalogues.load(TRANSLATIONS)
    templates.prepare(app.jinja_env)
    use_templates(TEMPLATES)
    keep_state(app, process)
    state.init_state(app)
    languages.init_languages(app)
    headers.init_headers(app)
    origin.init_origin(app)
    assets.init_assets(app)
    errors.init_errors(app)
    init_security(app)
    for door in (
        probes.bp,
        mail_viewer.bp,
        supporter.bp,
        organiser.account_bp,
        organiser.bp,
        coordinator.bp,
        neutral.bp,
    ):
        app.register_blueprint(door)
    add_commands(app)
    return app
