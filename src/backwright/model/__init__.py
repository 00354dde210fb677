"""What a specification means: frozen types, building (sugar to core), checks, snapshot."""
