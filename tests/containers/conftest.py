"""Fixtures for the tests of images, Compose file and manifests."""

from tests.containers.manifests import overlay, production

__all__ = ["overlay", "production"]
