"""Access to databases, Redis, the network, cryptography and the clock. Most classes implement a port."""
