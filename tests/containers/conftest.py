"""What the tests of images, compose file and manifests share."""

from tests.containers.manifests import overlay, production

__all__ = ["overlay", "production"]
