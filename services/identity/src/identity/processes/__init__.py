"""The long-running processes of identity: the web server, the relay and notify."""
