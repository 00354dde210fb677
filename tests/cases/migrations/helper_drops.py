"""helper_drops"""
import sqlalchemy as sa
from alembic import op

revision = "helper_drops"
down_revision = "0"


def _tidy() -> None:
    op.drop_column("loans", "legacy")


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    _tidy()


def downgrade() -> None:
    op.execute("SELECT 1")
