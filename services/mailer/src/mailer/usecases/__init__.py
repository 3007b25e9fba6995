"""What the mailer does with one entry of the stream, and what it has in hand."""
