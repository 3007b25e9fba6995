"""The cookies that make a browser known to the accounts that logged in there (SEC-3)."""

from flask import Response, request

from identity.domain.session import DEVICE_LIFETIME, Device
from identity.http.context import web_context

_MAX_DEVICES = 10


def remember_device(response: Response, device: Device | None) -> Response:
    """Let the browser keep what makes it known to the account."""
    if device is not None:
        _drop_oldest_devices(response, keep=device)
        response.set_cookie(
            web_context().device_prefix + device.name,
            device.cookie,
            max_age=DEVICE_LIFETIME,  # the signature in it holds as long
            secure=web_context().https,
            httponly=True,
            samesite="Lax",
        )
    return response


def _drop_oldest_devices(response: Response, *, keep: Device) -> None:
    """Keep the browser's cookies below what a request header holds, however many accounts log in there."""
    prefix = web_context().device_prefix
    names = [name for name in request.cookies if name.startswith(prefix) and name != prefix + keep.name]
    for name in names[: max(0, len(names) + 1 - _MAX_DEVICES)]:
        response.delete_cookie(name, secure=web_context().https, httponly=True, samesite="Lax")
