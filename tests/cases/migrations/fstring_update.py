"""fstring_update"""
import sqlalchemy as sa
from alembic import op

revision = "fstring_update"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    for table in ("loans", "holds"):
        op.execute(f"UPDATE {table} SET branch_id = 1")


def downgrade() -> None:
    op.execute("SELECT 1")
