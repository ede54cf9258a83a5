"""Outbox items name the process that has them in hand."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column; what is being sent at that moment belongs to nobody and is looked for."""
    op.add_column("outbox", sa.Column("claimed_by", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Removes the column."""
    op.drop_column("outbox", "claimed_by")
