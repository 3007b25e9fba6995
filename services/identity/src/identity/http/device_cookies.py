"""Device cookies, by which an account recognizes browsers that have logged in to it or set its password (SEC-3)."""

from flask import Response, request

from identity.domain.session import DEVICE_LIFETIME, Device
from identity.http.cookie_names import device_cookie_prefix
from identity.http.web_context import web_context

_MAX_DEVICES = 10


def remember_device(response: Response, device: Device | None) -> Response:
    """Unless `device` is None, set the account's device cookie and delete the oldest beyond ten."""
    if device is not None:
        _drop_oldest_devices(response, keep=device)
        response.set_cookie(
            device_cookie_prefix() + device.name,
            device.cookie,
            max_age=DEVICE_LIFETIME,  # the cookie's signature expires at the same time
            secure=web_context().https,
            httponly=True,
            samesite="Lax",
        )
    return response


def _drop_oldest_devices(response: Response, *, keep: Device) -> None:
    """Delete cookies, because the size of request headers is limited. Browsers send older cookies first (RFC 6265)."""
    prefix = device_cookie_prefix()
    names = [name for name in request.cookies if name.startswith(prefix) and name != prefix + keep.name]
    for name in names[: max(0, len(names) + 1 - _MAX_DEVICES)]:
        response.delete_cookie(name, secure=web_context().https, httponly=True, samesite="Lax")
