"""varchar_to_text"""
import sqlalchemy as sa
from alembic import op

revision = "varchar_to_text"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.alter_column("loans", "note", existing_type=sa.String(length=50), type_=sa.Text(), existing_nullable=True)


def downgrade() -> None:
    op.execute("SELECT 1")
