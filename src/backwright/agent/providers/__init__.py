"""Who can be asked to write custom logic: models behind two wire formats, command lines, recorded conversations."""
