"""The expression language: a dialect of CEL (https://cel.dev). Parse, check, compile to SQL and Python."""
