DATABASE_URL = "postgresql://app:Tr0ub4dor@db.internal.example.net/app"
