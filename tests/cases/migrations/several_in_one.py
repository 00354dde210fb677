"""several_in_one"""
import sqlalchemy as sa
from alembic import op

revision = "several_in_one"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.execute("""
        ALTER TABLE loans DROP COLUMN legacy;
        CREATE INDEX loans_due ON loans (due_at);
    """)


def downgrade() -> None:
    op.execute("SELECT 1")
