from sqlalchemy import text


def find(session, name):
    return session.execute(text("SELECT id FROM users WHERE name = '{}'".format(name)))
