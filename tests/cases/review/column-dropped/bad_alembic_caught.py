from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade():
    try:
        op.execute("SELECT 1")
    except Exception:
        op.drop_column("berths", "deck")


def downgrade():
    op.execute("SELECT 1")
