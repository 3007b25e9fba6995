"""The mail server: messages, connections and what happens when it cannot be reached."""
