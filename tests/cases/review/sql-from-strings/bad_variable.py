def find(cursor, name, order):
    sql = "SELECT id FROM users WHERE name = '%s'" % name
    cursor.execute(sql)
    cursor.execute("SELECT id FROM users ORDER BY " + order)
