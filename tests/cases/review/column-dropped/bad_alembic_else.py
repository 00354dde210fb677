from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade():
    for name in ("pier", "quay"):
        op.execute(f"SELECT '{name}'")
    else:
        op.drop_column("berths", "deck")


def downgrade():
    op.execute("SELECT 1")
