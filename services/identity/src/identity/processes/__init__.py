"""The processes of the identity service, one file each."""
