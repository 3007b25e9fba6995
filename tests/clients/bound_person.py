"""A person with a link account that is bound to one general account, and the person's browser."""

from dataclasses import dataclass

import httpx

from tests.support.actors.authorization_browser import Journey, ServiceBrowser
from tests.support.actors.people import Person, Visitor
from tests.support.harness.installation import Installation

TAX_ID = "62140097"


class Browser(ServiceBrowser):
    """A browser without scripts that follows redirects to any host, and sends a host's cookies only to this host."""

    def follow(self, response: httpx.Response) -> Journey:
        while response.next_request is not None:
            response = self.http.send(response.next_request)
        return Journey(self, response)

    def log_in(self, url: str, person: Person) -> httpx.Response:
        """Open a service's page that requires a login, and log in; return the page that the service then shows."""
        return self.open(url).log_in(person).response

    def is_logged_in(self, url: str) -> bool:
        """Return whether a service shows a page without a redirect."""
        return self.http.get(url).status_code == httpx.codes.OK


@dataclass(frozen=True, slots=True)
class BoundPerson:
    """`person` has the link account, `company` is the general account; `session` is the person's session at the API."""

    person: Person
    company: Person
    session: Visitor
    binding_id: str

    def unbind(self) -> None:
        answer = self.session.delete(f"/bindings/{self.binding_id}")
        assert answer.status_code == httpx.codes.NO_CONTENT, answer.text


def add_bound_person(identity: Installation) -> BoundPerson:
    """Register both accounts and bind them. The person has accepted the consents."""
    company = identity.person(company={"tax_id": TAX_ID})
    person = identity.person("link")
    session = identity.logged_in(person)
    return BoundPerson(person, company, session, identity.bind_and_verify(session, company))
