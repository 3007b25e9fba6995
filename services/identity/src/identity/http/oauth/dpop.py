"""The DPoP proof of a request (RFC 9449, OIDC-17)."""

from flask import request

from identity.domain.dpop import Request
from identity.http.web_context import ports
from identity.usecases.steps.dpop import verify_dpop


def dpop_key(*, access_token: str | None = None) -> str | None:
    """Verify the request's proof; return the thumbprint of its key, or None without a proof. Raises InvalidProof.

    The proof counts as used. With `access_token`, it must contain the token's hash.
    """
    proof = request.headers.get("DPoP")
    if proof is None:
        return None
    url = ports().rules.public_url + request.path
    return verify_dpop(ports(), proof, Request(method=request.method, url=url, access_token=access_token))
