"""`identity clients oidc` and `show`: registration of service clients for OpenID Connect (OIDC-25)."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from identity.cli.base import as_json, print_row
from identity.cli.clients import client_row, with_client_ports
from identity.domain.client_registration import (
    AUTHS,
    KINDS,
    PROFILES,
    Registration,
)
from identity.domain.oidc_scopes import SCOPES
from identity.domain.registration_fields import RegistrationError, WrongField

if TYPE_CHECKING:
    from identity.domain.oidc_client import OidcClient
    from identity.usecases.ports import Ports

_ACCEPTS = [*KINDS, ",".join(KINDS)]


def _name_options(command: Callable[..., None]) -> Callable[..., None]:
    """Print wrong fields of a registration with the options that set them."""

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
    """Return the text of a wrong field for operators."""
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
    """Return an option that takes one word, which sets the field to `means`."""
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


@click.command("oidc")
@click.argument("name")
@click.option("--name", "display_name", required=True, help="The service's name, as people read it.")
@click.option(
    "--redirect-uri", "redirect_uris", multiple=True, help="Where people return to. May be repeated."
)
@click.option("--post-logout-uri", "post_logout_uris", multiple=True, help="Where a logout may lead.")
@click.option("--backchannel-uri", help="Where ended logins are reported.")
@click.option("--scope", "scopes", type=click.Choice(SCOPES), multiple=True, help="Beside `openid`.")
@click.option(
    "--accepts",
    type=click.Choice(_ACCEPTS),
    default="general",
    show_default=True,
    callback=_split,
    help="`link`: a person may also act for no company.",
)
@click.option("--auth", type=click.Choice(AUTHS), help="How it authenticates.  [default: secret]")
@click.option(
    "--key-file",
    "keys",
    type=click.File("rb"),
    callback=_read,
    help="Its public JWK set, for `--auth key`.",
)
@_word("--consent", "asks_consent", "ask", means=True, text="people are asked before data go to it.")
@_word(
    "--pkce",
    "requires_pkce",
    "optional",
    means=False,
    text="do not demand PKCE; the client should send a nonce.",
)
@click.option("--refresh", "may_refresh", is_flag=True, help="Give it refresh tokens.")
@click.option("--dpop", "requires_dpop", is_flag=True, default=None, help="Demand DPoP.")
@click.option("--resource", "resources", multiple=True, help="A URI by which others ask for tokens for it.")
@_word("--tokens", "has_jwt_tokens", "jwt", means=True, text="tokens for its resources are JWTs.")
@click.option("--may-reach", multiple=True, help="A client for which it may exchange tokens.")
@click.option("--profile", type=click.Choice(PROFILES), help="`fapi2`: PAR, keys, DPoP and ES256.")
@as_json
@with_client_ports
@_name_options
def register_client(ports: "Ports", name: str, *, as_json: bool, **values: Any) -> None:
    """Register client NAME for OpenID Connect; this replaces what was registered before."""
    from identity.usecases import oidc_clients as cases

    print_row(_row(cases.register(ports, name, Registration(**values))), as_json=as_json)


@click.command("show")
@click.argument("name")
@as_json
@with_client_ports
def show_client(ports: "Ports", name: str, *, as_json: bool) -> None:
    """Show client NAME with its registration for OpenID Connect."""
    from identity.usecases import oidc_clients as cases

    found = cases.show(ports, name)
    row = {**client_row(found.client), "oidc": _row(found.oidc) if found.oidc else None}
    print_row(row, as_json=as_json)


def _row(client: "OidcClient") -> dict[str, Any]:
    from identity.http.api.client_schemas import OidcClientSchema

    row: dict[str, Any] = OidcClientSchema().dump(client)
    return row
