"""Steps that several use cases take within a transaction."""
