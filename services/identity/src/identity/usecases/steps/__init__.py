"""What several use cases do inside one transaction."""
