"""concurrently_in_execute"""
import sqlalchemy as sa
from alembic import op

revision = "concurrently_in_execute"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.execute(sa.text("CREATE INDEX CONCURRENTLY loans_due ON loans (due_at)"))


def downgrade() -> None:
    op.execute("SELECT 1")
