"""core_update"""
import sqlalchemy as sa
from alembic import op

revision = "core_update"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    loans = sa.table("loans", sa.column("state", sa.String))
    op.execute(loans.update().values(state="open"))


def downgrade() -> None:
    op.execute("SELECT 1")
