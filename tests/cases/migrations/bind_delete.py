"""bind_delete"""
import sqlalchemy as sa
from alembic import op

revision = "bind_delete"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    bind = op.get_bind()
    bind.execute(sa.text("DELETE FROM sessions"))


def downgrade() -> None:
    op.execute("SELECT 1")
