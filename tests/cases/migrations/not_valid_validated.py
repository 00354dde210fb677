"""not_valid_validated"""
import sqlalchemy as sa
from alembic import op

revision = "not_valid_validated"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.create_foreign_key("f", "loans", "members", ["member_id"], ["id"], postgresql_not_valid=True)
    op.execute("ALTER TABLE loans VALIDATE CONSTRAINT f")


def downgrade() -> None:
    op.execute("SELECT 1")
