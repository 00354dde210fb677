"""concurrently_right"""
import sqlalchemy as sa
from alembic import op

revision = "concurrently_right"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    with op.get_context().autocommit_block():
        op.create_index("loans_due", "loans", ["due_at"], postgresql_concurrently=True, if_not_exists=True)


def downgrade() -> None:
    op.execute("SELECT 1")
