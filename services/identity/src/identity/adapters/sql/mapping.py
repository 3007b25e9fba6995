"""Maps the domain's plain classes to tables. Import this module wherever a session loads or adds their objects.

The relay reads rows and needs no object-relational mapper, so it does not import this module.
"""

from sqlalchemy.orm import registry

from identity.adapters.sql.oidc_tables import grants, logouts, oidc_clients
from identity.adapters.sql.schema import metadata
from identity.adapters.sql.tables import accounts, bind_codes, bindings, clients, mail_links, sessions
from identity.domain.account import Account
from identity.domain.backchannel_logout import Logout
from identity.domain.bind_code import BindCode
from identity.domain.binding import Binding
from identity.domain.grant import Grant
from identity.domain.mail_link import Challenge
from identity.domain.oidc_client import OidcClient
from identity.domain.service_client import ServiceClient
from identity.domain.session import Session


def map_domain() -> None:
    mapping = registry(metadata=metadata)
    for mapped, table in (
        (Account, accounts),
        (Binding, bindings),
        (BindCode, bind_codes),
        (Challenge, mail_links),
        (Session, sessions),
        (ServiceClient, clients),
        (OidcClient, oidc_clients),
        (Grant, grants),
        (Logout, logouts),
    ):
        mapping.map_imperatively(mapped, table)


map_domain()
