"""not_implemented_down"""
import sqlalchemy as sa
from alembic import op

revision = "not_implemented_down"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.drop_table("old_loans")


def downgrade() -> None:
    raise NotImplementedError
