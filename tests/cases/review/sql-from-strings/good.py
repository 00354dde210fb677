from sqlalchemy import text

TABLE = "users"


def find(db, session, cursor, name, ids):
    placeholders = ", ".join("?" for _ in ids)
    cursor.execute(f"SELECT id FROM {TABLE} WHERE id IN ({placeholders})", ids)
    cursor.execute("SELECT id FROM users WHERE name = %s", (name,))
    log.execute(f"found {name}")
    return session.execute(text("SELECT id FROM users WHERE name = :name"), {"name": name})
