"""Answers to letters: the day, whether a machine wrote one, and who wants them counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("dispatch") as table:
        table.add_column(sa.Column("answered_on", sa.Date(), nullable=True))
        table.add_column(
            sa.Column("auto_answered", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    with op.batch_alter_table("section") as table:
        table.add_column(
            sa.Column("relay_answers", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("section") as table:
        table.drop_column("relay_answers")
    with op.batch_alter_table("dispatch") as table:
        table.drop_column("auto_answered")
        table.drop_column("answered_on")
