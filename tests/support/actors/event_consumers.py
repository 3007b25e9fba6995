"""Settings of event consumers, such as the examples, and events for them."""

from port_events.envelope import STREAM

from deploy.redis.acl import roles
from tests.support import ROOT
from tests.support.actors.people import Person, Visitor
from tests.support.harness.installation import Installation
from tests.support.harness.processes import run_preloaded

EXAMPLES = ROOT / "shared" / "examples"


def consumer_url(installation: Installation) -> str:
    """Create a Redis user with only a consumer's permissions; return its URL."""
    with installation.redis.client() as client:
        rules = roles()["consumer"].split()
        client.execute_command("ACL", "SETUSER", "consumer", "on", ">word", "resetchannels", "-@all", *rules)
    return installation.redis.url_for("consumer", "word")


def feed_settings(installation: Installation) -> dict[str, str]:
    """Add the client `passes`, which may read the feed; return the feed's URL and the file with the client's secret."""
    secret = installation.directory / "secret"
    command = ["identity", "clients", "add", "passes", "--right", "events:read"]
    secret.write_text(run_preloaded(*command, environment=installation.environment).stdout)
    return {"IDENTITY_URL": installation.url, "IDENTITY_SECRET_FILE": str(secret)}


def add_bound_account(installation: Installation, link: Visitor, tax_id: str) -> tuple[Person, str]:
    """Register a general account and bind it with its code; return the account and the binding's id."""
    general = installation.person(company={"tax_id": tax_id})
    return general, installation.bind_and_verify(link, general)


def trim_stream(installation: Installation, keep: int = 0) -> None:
    """Wait for all mails, and trim the stream to `keep` entries, as if a consumer had missed the others."""
    installation.wait_for_mails()
    with installation.redis.client() as client:
        client.xtrim(STREAM, maxlen=keep, approximate=False)
