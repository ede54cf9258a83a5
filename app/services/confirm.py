"""A person says what became of a run whose outcome nobody knows, or that they carried out an instruction by hand."""

from dataclasses import dataclass, replace

from app.domain.errors import ApprovalRefused, Refused
from app.domain.inventory import Inventory
from app.domain.permission import check_requester
from app.domain.person import Person
from app.domain.proposal import ProposalStatus
from app.domain.timeline import EntryKind
from app.domain.work import Task
from app.ports.store import Store
from app.services.act import plan_verification
from app.services.approve import stop_fixing
from app.services.record import record
from app.services.say import Say


@dataclass(frozen=True, slots=True)
class Confirm:
    """Decides an unknown outcome; the probe still judges whether it helped."""

    store: Store
    inventory: Inventory
    say: Say

    def __call__(self, proposal_id: str, person: Person, *, has_happened: bool) -> tuple[str, list[Task]]:
        """Settles the run as done or as not done. Raises ApprovalRefused or Refused."""
        with self.store.begin() as tx:
            proposal, run = tx.proposals.get(proposal_id), tx.proposals.run_of(proposal_id)
            if proposal.status is not ProposalStatus.UNKNOWN or run is None:
                raise Refused(
                    f"The outcome of '{proposal.title}' is not open: it is {proposal.status.value}.", "Nothing was changed."
                )
            spec = self.inventory.action(proposal.request.action)
            try:
                check_requester(person, spec, proposal.request.target, self.inventory)
            except ApprovalRefused as refusal:
                raise ApprovalRefused(refusal.message.replace("ask for", "settle"), refusal.hint) from None
            status = ProposalStatus.DONE if has_happened else ProposalStatus.FAILED
            words = "it was done" if has_happened else "it was not done"
            now = tx.now()
            tx.proposals.save(proposal.move_to(status, "" if has_happened else words), was=ProposalStatus.UNKNOWN)
            tx.proposals.save_run(replace(run, status=status, finished_at=now))
            record(tx, proposal, EntryKind.RUN, f"<@{person.id}> says of {proposal.title}: {words}", person.id)
            if not has_happened:
                tx.dues.cancel(f"verify:{proposal_id}")
                stop_fixing(tx, proposal.incident, "The fix was not done")
            elif run.verdict is None:
                plan_verification(tx, proposal_id, now)
            tasks = [self.say.approval(tx, proposal.incident, proposal_id), self.say.card(tx, proposal.incident)]
        return f"{proposal.title}: {words}.", tasks
