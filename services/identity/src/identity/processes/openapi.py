"""What is written down about this service, made from the code so that it cannot fall behind."""

import json

from port_events.sealing import new_key_sets
from port_runtime.settings import load

from identity.http.api import api_document
from identity.processes.web import create_app
from identity.settings import WebSettings


def openapi_document() -> str:
    """Return the OpenAPI document; no setting changes it, so any will do."""
    keys = new_key_sets()
    settings = load(
        WebSettings,
        {
            "IDENTITY_MODE": "local",
            "IDENTITY_DATABASE_URL": "sqlite:///:memory:",
            "IDENTITY_SECRET_KEYS": "x" * 32,
            "MAIL_SEAL_PUBLIC_KEYS": keys.seal_public,
            "MAIL_SIGN_PRIVATE_KEYS": keys.sign_private,
        },
    )
    app = create_app(settings)
    return json.dumps(api_document(app), ensure_ascii=False, indent=2)
