"""widen_varchar"""
import sqlalchemy as sa
from alembic import op

revision = "widen_varchar"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.alter_column("loans", "note", existing_type=sa.String(50), type_=sa.String(200))


def downgrade() -> None:
    op.execute("SELECT 1")
