"""Destroyed data keys are remembered by their id, so that no backup brings one back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "destroyed_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("destroyed_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destroyed_key")),
    )


def downgrade() -> None:
    op.drop_table("destroyed_key")
