"""loop_not_null"""
import sqlalchemy as sa
from alembic import op

revision = "loop_not_null"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    for table in ("loans", "holds"):
        op.add_column(table, sa.Column("branch_id", sa.Integer(), nullable=False))


def downgrade() -> None:
    op.execute("SELECT 1")
