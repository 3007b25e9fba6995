"""The OpenAPI document, generated from the application."""

import json

from flask import Flask
from port_events.sealing import new_key_sets
from port_runtime.settings import load

from identity.adapters.clock import SystemClock
from identity.adapters.jose.signing_keys import new_signing_keys
from identity.http.api.openapi import api_document
from identity.processes.web import create_app
from identity.settings.web import WebSettings


def openapi_document() -> str:
    """Return the document as JSON."""
    return json.dumps(api_document(application()), indent=2)


def application() -> Flask:
    """Return an application with arbitrary settings, because no setting changes its routes or documents."""
    keys = new_key_sets()
    settings = load(
        WebSettings,
        {
            "IDENTITY_MODE": "local",
            "IDENTITY_DATABASE_URL": "sqlite:///:memory:",
            "IDENTITY_SECRET_KEYS": "x" * 32,
            "IDENTITY_OIDC_KEYS": new_signing_keys(SystemClock().now()),
            "MAIL_SEAL_PUBLIC_KEYS": keys.seal_public,
            "MAIL_SIGN_PRIVATE_KEYS": keys.sign_private,
        },
    )
    return create_app(settings)
