from alembic import op

revision = "b2"
down_revision = "a1"


def decks_away():
    op.drop_column("berths", "deck")


def upgrade():
    decks_away()


def downgrade():
    op.execute("SELECT 1")
