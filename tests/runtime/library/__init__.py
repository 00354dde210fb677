"""A small service, written by hand as emitted ones are: members of a library keep books."""
