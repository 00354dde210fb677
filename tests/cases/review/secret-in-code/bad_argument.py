engine = connect(host="db", password="Tr0ub4dor&3")
