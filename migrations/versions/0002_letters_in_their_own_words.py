"""Letters agree, vary, and may hold their writer's own words.

What existing rows get is what they meant before. The defaults stay in the database, so that a
process of the release before can go on writing while the new one starts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BEFORE = (
    "state != 'forgotten' OR (sealed_email IS NULL AND sealed_name IS NULL"
    " AND sealed_sentence IS NULL)"
)
AFTER = (
    "state != 'forgotten' OR (sealed_email IS NULL AND sealed_name IS NULL"
    " AND sealed_sentence IS NULL AND sealed_town IS NULL AND sealed_about IS NULL)"
)
FORMS = "writer_form IN ('neutral', 'feminine', 'masculine')"
FORMS_NAME = "ck_signature_writerform"
GONE_NAME = "ck_signature_forgotten_means_gone"


def upgrade() -> None:
    with op.batch_alter_table("letter_template") as table:
        table.add_column(_json("forms", "{}"))
        table.add_column(_json("variants", "{}"))
        table.add_column(sa.Column("source_language", sa.Text(), server_default="", nullable=False))
        table.add_column(_json("links", "[]"))
    with op.batch_alter_table("target") as table:
        table.add_column(_json("manners", "{}"))
    with op.batch_alter_table("letter") as table:
        table.add_column(sa.Column("sealed_body", sa.LargeBinary()))
        table.add_column(sa.Column("fingerprint", sa.LargeBinary()))
    with op.batch_alter_table("signature") as table:
        table.add_column(sa.Column("sealed_town", sa.LargeBinary()))
        table.add_column(sa.Column("sealed_about", sa.LargeBinary()))
        table.add_column(
            sa.Column("writer_form", sa.String(32), server_default="neutral", nullable=False)
        )
        table.add_column(sa.Column("turn", sa.Integer(), server_default="0", nullable=False))
        table.drop_constraint(op.f(GONE_NAME), type_="check")
        table.create_check_constraint(op.f(GONE_NAME), AFTER)
        table.create_check_constraint(op.f(FORMS_NAME), FORMS)
        table.create_index("ix_signature_confirmed", ["campaign_id", "confirmed_on"])


def downgrade() -> None:
    with op.batch_alter_table("signature") as table:
        table.drop_index("ix_signature_confirmed")
        table.drop_constraint(op.f(FORMS_NAME), type_="check")
        table.drop_constraint(op.f(GONE_NAME), type_="check")
        table.create_check_constraint(op.f(GONE_NAME), BEFORE)
        for name in ("turn", "writer_form", "sealed_about", "sealed_town"):
            table.drop_column(name)
    with op.batch_alter_table("letter") as table:
        table.drop_column("fingerprint")
        table.drop_column("sealed_body")
    with op.batch_alter_table("target") as table:
        table.drop_column("manners")
    with op.batch_alter_table("letter_template") as table:
        for name in ("links", "source_language", "variants", "forms"):
            table.drop_column(name)


def _json(name: str, empty: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), server_default=empty, nullable=False)
