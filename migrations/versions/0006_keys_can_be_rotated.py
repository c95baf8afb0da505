"""keys can be rotated, and erased addresses are remembered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("erased_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_erasure")),
    )
    with op.batch_alter_table("data_key", schema=None) as batch_op:
        batch_op.add_column(sa.Column("wrapped_before", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("data_key", schema=None) as batch_op:
        batch_op.drop_column("wrapped_before")
    op.drop_table("erasure")
