"""`identity clients oidc`: register service clients for OpenID Connect (OIDC-25)."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from identity.cli.clients import clients, registration_row
from identity.cli.operator import with_ports
from identity.cli.output import as_json, print_row
from identity.domain.client_registration import (
    AUTHS,
    KINDS,
    PROFILES,
    Registration,
)
from identity.domain.client_registration_fields import RegistrationError, WrongField
from identity.domain.oidc_scopes import SCOPES

if TYPE_CHECKING:
    from identity.usecases.ports import Ports

_ACCEPTS = [*KINDS, ",".join(KINDS)]


def _name_options(command: Callable[..., None]) -> Callable[..., None]:
    """Report each wrong field of a registration by the option that sets the field."""

    @wraps(command)
    def run(*args: Any, **named: Any) -> None:
        try:
            command(*args, **named)
        except RegistrationError as error:
            options = {each.name: each.opts[0] for each in click.get_current_context().command.params}
            reasons = [f"{options[each.name or '']}: {_reason(each)}" for each in error.wrong]
            raise click.ClickException("; ".join(reasons)) from None

    return run


def _reason(wrong: WrongField) -> str:
    error = wrong.error
    known = [
        f"{name}: {', '.join(value) if isinstance(value, tuple) else value}"
        for name, value in error.values.items()
    ]
    details = "; ".join([*([error.case.replace("_", " ")] if error.case else []), *known])
    return error.code.replace("_", " ") + (f" ({details})" if details else "")


def _word(
    option: str, field: str, word: str, *, means: bool, text: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return an option that takes one word. The field becomes `means` with the option, and the opposite without it."""
    return click.option(
        option,
        field,
        type=click.Choice([word]),
        callback=lambda _context, _option, value: (value == word) is means,
        help=f"`{word}`: {text}",
    )


def _split(_context: click.Context, _option: click.Parameter, value: str) -> list[str]:
    return value.split(",")


def _read(_context: click.Context, _option: click.Parameter, file: BinaryIO | None) -> str | None:
    return None if file is None else file.read().decode(errors="replace")


@clients.command("oidc")
@click.argument("name")
@click.option("--name", "display_name", required=True, help="The name of the service that people see.")
@click.option(
    "--redirect-uri", "redirect_uris", multiple=True, help="A URI to which people return. May be repeated."
)
@click.option(
    "--post-logout-uri", "post_logout_uris", multiple=True, help="A URI for after a logout. May be repeated."
)
@click.option("--backchannel-uri", help="The URI that receives back-channel logouts.")
@click.option("--scope", "scopes", type=click.Choice(SCOPES), multiple=True, help="A scope besides `openid`.")
@click.option(
    "--accepts",
    type=click.Choice(_ACCEPTS),
    default="general",
    show_default=True,
    callback=_split,
    help="`link`: people may also log in without a company.",
)
@click.option(
    "--auth",
    type=click.Choice(AUTHS),
    help="The client's authentication. `post`: by its secret in the form.  [default: secret]",
)
@click.option(
    "--key-file",
    "keys",
    type=click.File("rb"),
    callback=_read,
    help="The client's public JWK set, for `--auth key`.",
)
@_word("--consent", "asks_consent", "ask", means=True, text="ask people before sharing data.")
@_word(
    "--pkce",
    "requires_pkce",
    "optional",
    means=False,
    text="do not require PKCE; the client should send a nonce.",
)
@click.option("--refresh", "may_refresh", is_flag=True, help="Issue refresh tokens.")
@click.option("--dpop", "requires_dpop", is_flag=True, default=None, help="Require DPoP.")
@click.option("--resource", "resources", multiple=True, help="A URI that tokens for this client may name.")
@_word("--tokens", "has_jwt_tokens", "jwt", means=True, text="tokens for the resources are JWTs.")
@click.option("--may-reach", multiple=True, help="A client for which tokens may be exchanged.")
@click.option("--profile", type=click.Choice(PROFILES), help="`fapi2`: PAR, keys, DPoP and ES256.")
@as_json
@with_ports
@_name_options
def register_client(ports: "Ports", name: str, *, as_json: bool, **values: Any) -> None:
    """Register client NAME for OpenID Connect, replacing an earlier registration."""
    from identity.usecases import oidc_clients as cases

    print_row(registration_row(cases.register(ports, name, Registration(**values))), as_json=as_json)
