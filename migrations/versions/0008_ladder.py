"""Fax, embassies, and who has been told what.

Letters leave by fax, the address book knows embassies; letters that wait for a person and addresses
that do not exist are told of once.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

CHANNEL_NAME = "ck_dispatch_channel"


def upgrade() -> None:
    with op.batch_alter_table("contact_point") as table:
        table.add_column(sa.Column("doubted_on", sa.Date(), nullable=True))
    with op.batch_alter_table("letter") as table:
        table.add_column(
            sa.Column("held_told", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    with op.batch_alter_table("authority") as table:
        table.add_column(sa.Column("embassy_in", sa.Text(), server_default="", nullable=False))
    with op.batch_alter_table("dispatch") as table:
        table.drop_constraint(op.f(CHANNEL_NAME), type_="check")
        table.create_check_constraint(op.f(CHANNEL_NAME), "channel IN ('email', 'fax')")


def downgrade() -> None:
    # The release before knows mails only: what has not left by fax ends here, what has is counted
    # on as what it was, handed over. The words go with both.
    row = sa.table(
        "dispatch",
        *(sa.column(name) for name in ("channel", "state", "payload", "lease_until", "reason")),
    )
    waiting = sa.and_(row.c.channel == "fax", row.c.state.in_(("queued", "sending")))
    op.execute(
        row.update()
        .where(waiting)
        .values(state="cancelled", payload=None, lease_until=None, reason="no_fax")
    )
    op.execute(row.update().where(row.c.channel == "fax").values(channel="email", payload=None))
    with op.batch_alter_table("dispatch") as table:
        table.drop_constraint(op.f(CHANNEL_NAME), type_="check")
        table.create_check_constraint(op.f(CHANNEL_NAME), "channel IN ('email')")
    with op.batch_alter_table("authority") as table:
        table.drop_column("embassy_in")
    with op.batch_alter_table("letter") as table:
        table.drop_column("held_told")
    with op.batch_alter_table("contact_point") as table:
        table.drop_column("doubted_on")
