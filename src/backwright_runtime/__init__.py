"""What every backend built by Backwright imports. Public names are re-exported here, once."""

__version__ = "0.1.0"
