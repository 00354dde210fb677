"""fstring_drop"""
import sqlalchemy as sa
from alembic import op

revision = "fstring_drop"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    column = "legacy"
    op.execute(f"ALTER TABLE loans DROP COLUMN {column}")


def downgrade() -> None:
    op.execute("SELECT 1")
