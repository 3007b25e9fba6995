"""The parts of `port_events.consumer`; private, so they may change without notice."""
