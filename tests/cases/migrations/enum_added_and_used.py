"""enum_added_and_used"""
import sqlalchemy as sa
from alembic import op

revision = "enum_added_and_used"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.execute("ALTER TYPE state ADD VALUE 'lost'")
    op.execute("UPDATE loans SET state = 'lost' WHERE id IN (SELECT id FROM lost_loans LIMIT 100)")


def downgrade() -> None:
    op.execute("SELECT 1")
