"""`identity openapi`: the OpenAPI document, generated from the Flask application."""

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flask import Flask


@click.command()
def openapi() -> None:
    """Print the OpenAPI document of the API."""
    click.echo(openapi_document())


def openapi_document() -> str:
    from identity.http.api.openapi import api_document

    return json.dumps(api_document(application()), indent=2)


def application() -> "Flask":
    """Return an application with arbitrary settings, none of which changes the routes or their descriptions."""
    from port_events.sealing import new_key_sets
    from port_runtime.settings import load

    from identity.adapters.clock import SystemClock
    from identity.adapters.jose.signing_keys import new_signing_keys
    from identity.processes.web_server.flask_app import create_app
    from identity.settings.web import WebSettings

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
