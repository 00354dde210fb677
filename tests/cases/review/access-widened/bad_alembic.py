from alembic import op

revision = "a1"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE orders DISABLE ROW LEVEL SECURITY")


def downgrade():
    op.execute("ALTER TABLE orders ENABLE ROW LEVEL SECURITY")
