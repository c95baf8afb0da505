"""Letters that would miss the deadline leave together in one mail, and are counted as such."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BEFORE = (
    "started", "confirmed", "withdrawn", "forgotten", "queued", "handed_over", "failed", "held",
    "cancelled", "bounced", "to_print", "self_reported",
)
_NOW = (*_BEFORE[:10], "in_digest", *_BEFORE[10:])
_CARRIED, _OPENED = sa.text("carried_by IS NOT NULL"), sa.text("opened_at IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("dispatch") as table:
        table.add_column(sa.Column("carried_by", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_dispatch_carried", "dispatch", ["carried_by"],
        sqlite_where=_CARRIED, postgresql_where=_CARRIED,
    )
    op.create_index(
        "ix_dispatch_digests", "dispatch", ["mailbox_id", "opened_at"],
        sqlite_where=_OPENED, postgresql_where=_OPENED,
    )
    _figures(_NOW)


def downgrade() -> None:
    # What leaves in a digest leaves alone again, and what left in one stays handed over.
    op.execute(
        "UPDATE dispatch SET state = 'cancelled', payload = NULL, lease_until = NULL"
        " WHERE opened_at IS NOT NULL AND state IN ('queued', 'sending')"
    )
    op.drop_index("ix_dispatch_digests", "dispatch")
    op.drop_index("ix_dispatch_carried", "dispatch")
    with op.batch_alter_table("dispatch") as table:
        table.drop_column("opened_at")
        table.drop_column("carried_by")
    for table_name in ("tally_entry", "tally_total"):
        op.execute(f"DELETE FROM {table_name} WHERE figure = 'in_digest'")
    _figures(_BEFORE)


def _figures(names: tuple[str, ...]) -> None:
    allowed = ", ".join(f"'{name}'" for name in names)
    for table_name in ("tally_entry", "tally_total"):
        with op.batch_alter_table(table_name) as table:
            table.drop_constraint(op.f(f"ck_{table_name}_figure"), type_="check")
            table.create_check_constraint(
                op.f(f"ck_{table_name}_figure"), f"figure IN ({allowed})"
            )
