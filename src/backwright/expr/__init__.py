"""The expression language: a dialect of CEL (https://cel.dev). Parse, check types, compile to SQL and Python."""
