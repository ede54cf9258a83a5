"""A person decides by a signed link while the chat is down: the same checks, the same record, used once."""

from dataclasses import dataclass
from datetime import timedelta

from app.domain.approval import Decision, check_approver
from app.domain.audit import AuditKind
from app.domain.errors import ApprovalRefused
from app.domain.inventory import Inventory
from app.domain.person import Person
from app.domain.proposal import Proposal, ProposalStatus
from app.domain.work import Task
from app.ports.clock import Ids
from app.ports.links import Grant, Links
from app.ports.store import Store
from app.services.approve import Approve
from app.services.authority import Authority

LASTS = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class DecideByLink:
    """Issues links, shows what they are about, and takes the decision."""

    store: Store
    inventory: Inventory
    links: Links
    authority: Authority
    approve: Approve
    ids: Ids
    public_url: str = ""

    def issue(self, proposal_id: str, person: Person, issuer: str) -> tuple[str, Grant]:
        """An address for exactly this person and this proposal; `issuer` is who vouches for the person, and is on record.

        Raises ApprovalRefused unless the person may approve it now.
        """
        with self.store.begin() as tx:
            proposal, now = tx.proposals.get(proposal_id), tx.now()
            if proposal.status is not ProposalStatus.PENDING:
                raise ApprovalRefused(f"This is already {proposal.status.value}.", "There is nothing to decide.")
            check_approver(proposal, person, self.inventory)
            ends = min(now + LASTS, proposal.expires_at)
            grant = Grant(self.ids.new("link"), person.id, proposal.id, proposal.fingerprint, ends)
            text = f"<@{person.id}> gets a link to decide on: {proposal.title}"
            tx.audit.append(AuditKind.LINK, text, issuer, now, {"link": grant.id, "proposal": proposal.id}, proposal.incident)
        return f"{self.public_url}/decide/{self.links.issue(grant)}", grant

    def look(self, text: str) -> tuple[Grant, Proposal]:
        """What a link is about; raises ApprovalRefused if it is forged, over, or about something else by now."""
        grant = self.links.read(text.rpartition("/")[2])
        with self.store.begin() as tx:
            proposal, now = tx.proposals.get(grant.proposal), tx.now()
        if now >= grant.expires_at:
            raise ApprovalRefused("This link has expired.", "Ask for a new one.")
        if proposal.fingerprint != grant.fingerprint:
            raise ApprovalRefused("The action is no longer the one this link was made for.", "Look at its card.")
        return grant, proposal

    def __call__(self, text: str, decision: Decision, via: str, proposal_id: str = "") -> tuple[str, list[Task]]:
        """Decides as the person the link names; `proposal_id`, if given, must be the link's. Raises ApprovalRefused."""
        grant, proposal = self.look(text)
        if proposal_id not in {"", proposal.id}:
            raise ApprovalRefused(f"This link is about {proposal.id}.", "Ask for a link to the other one.")
        person = self.authority.person(grant.person)
        return self.approve(proposal.id, person, decision, via, seen=grant.fingerprint, link=grant.id)
