"""server_defaults"""
import sqlalchemy as sa
from alembic import op

revision = "server_defaults"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.add_column("loans", sa.Column("token", sa.Uuid(), nullable=False, server_default=sa.text("gen_random_uuid()")))
    op.add_column("loans", sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()))
    op.add_column("loans", sa.Column("open", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.execute("SELECT 1")
