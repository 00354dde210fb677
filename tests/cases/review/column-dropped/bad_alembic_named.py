from alembic import op

revision = "b2"
down_revision = "a1"
STATEMENT = "ALTER TABLE berths DROP COLUMN deck"


def upgrade():
    op.execute(STATEMENT)


def downgrade():
    op.execute("SELECT 1")
