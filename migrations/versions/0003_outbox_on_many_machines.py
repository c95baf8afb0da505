"""who holds a dispatch and since when; recalls; the health of relays; a switch for all mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'

STOPPED = sa.text("state IN ('held', 'failed')")


def upgrade() -> None:
    op.create_table('relay_health',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('paused_until', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_relay_health'))
    )
    # The defaults are for rows that are there; they are plain constants, so nothing is rewritten.
    op.add_column('dispatch', sa.Column('holder', sa.Text(), nullable=False, server_default=''))
    op.add_column('dispatch', sa.Column('flagged_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('dispatch', sa.Column('recalled', sa.Text(), nullable=False, server_default=''))
    op.create_index(
        'ix_dispatch_stopped', 'dispatch', ['state', 'finished_at'], unique=False,
        sqlite_where=STOPPED, postgresql_where=STOPPED,
    )
    op.add_column('installation', sa.Column('muted', sa.Text(), nullable=False, server_default=''))
    op.add_column(
        'installation', sa.Column('generation', sa.Integer(), nullable=False, server_default='0')
    )


def downgrade() -> None:
    op.drop_column('installation', 'generation')
    op.drop_column('installation', 'muted')
    op.drop_index('ix_dispatch_stopped', 'dispatch')
    op.drop_column('dispatch', 'recalled')
    op.drop_column('dispatch', 'flagged_at')
    op.drop_column('dispatch', 'holder')
    op.drop_table('relay_health')
