"""No audit, no action; and every way of rewriting history is named."""

from pathlib import Path

import pytest
from sqlalchemy import text

from app.adapters.audit.heads_file import HeadsFile
from app.adapters.store.sql import SqlStore
from app.domain.audit import AuditEntry, Head, check, seal
from app.domain.errors import AuditBroken, Unavailable
from app.domain.proposal import ProposalStatus
from app.services.audit import BROKEN
from tests.fakes.clock import START
from tests.fakes.heads import FakeHeads
from tests.guards.conftest import a_world
from tests.guards.stage import ALICE, BOB, CAROL, Stage


def heads_of(stage: Stage) -> FakeHeads:
    assert isinstance(stage.heads, FakeHeads)
    return stage.heads


def edit(stage: Stage, *statements: str) -> None:
    """What a database administrator does to the history; `:end` is the number of the last entry."""
    end = length(stage)
    assert isinstance(stage.db, SqlStore)
    with stage.db._engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), {"end": end} if ":end" in statement else {})


def length(stage: Stage) -> int:
    with stage.db.begin() as tx:
        return tx.audit.head().seq


def test_a2_the_intent_is_committed_before_the_call_leaves(stage: Stage) -> None:
    """Another connection sees it while the runner runs."""
    asked = stage.approved(stage.open_incident())
    seen: list[str] = []

    def look() -> None:
        with stage.db.begin() as tx:
            seen.extend(str(entry.value["kind"]) for entry in tx.audit.entries())

    stage.hands.while_running = look
    stage.run(asked)
    assert seen[-1] == "intent"


def test_a2_every_step_of_a_life_is_in_the_chain(stage: Stage) -> None:
    """Proposal, decision, intent, run and verdict; each with the fingerprint."""
    stage.gauge.show("checkout", stage.time.now(), 0.4)
    stage.time.advance(60)
    asked = stage.approved(stage.open_incident())
    stage.run(asked)
    stage.gauge.show("checkout", stage.time.now(), 0.0)
    stage.pass_time(20)
    with stage.db.begin() as tx:
        entries = [entry.value for entry in tx.audit.entries()]
    assert [item["kind"] for item in entries] == ["proposal", "decision", "intent", "run", "verdict"]
    assert all(isinstance(item["data"], dict) and item["data"]["fingerprint"] == asked.fingerprint for item in entries)


def test_a2_when_the_heads_cannot_be_written_nothing_runs(stage: Stage) -> None:
    """A full disk: claimed, refused, said; nothing was sent."""
    asked = stage.approved(stage.open_incident())
    heads_of(stage).problem = Unavailable("The audit heads cannot be written: No space left on device.", "Free the disk.")
    after = stage.run(asked)
    assert (after.status, stage.hands.effects) == (ProposalStatus.REFUSED, [])
    assert "No space left on device" in after.reason


def test_a2_when_the_heads_cannot_be_read_nothing_runs(stage: Stage) -> None:
    """What was published must be known."""
    asked = stage.approved(stage.open_incident())
    heads_of(stage).unreadable = Unavailable("The heads cannot be read: Permission denied.", "Check its permissions.")
    after = stage.run(asked)
    assert (after.status, stage.hands.effects) == (ProposalStatus.REFUSED, [])
    assert "Permission denied" in after.reason


def test_a2_a_heads_file_where_nothing_can_be_written_stops_the_run(tmp_path: Path, sqlite_url: str) -> None:
    """The real file, in a folder that does not exist, as on a disk that went away."""
    stage = Stage(sqlite_url, tmp_path, runner=a_world(), heads=HeadsFile(tmp_path / "gone" / "heads.log"))
    after = stage.run(stage.approved(stage.open_incident()))
    assert (after.status, stage.hands.effects) == (ProposalStatus.REFUSED, [])
    assert "audit heads cannot be written" in after.reason
    stage.close()


def test_a2_a_device_that_is_full_stops_the_run(tmp_path: Path) -> None:
    """The kernel's own full device says so when it is written to."""
    if not Path("/dev/full").exists():
        pytest.skip("this machine has no /dev/full")
    (tmp_path / "heads.log").symlink_to("/dev/full")
    with pytest.raises(Unavailable, match="No space left on device"):
        HeadsFile(tmp_path / "heads.log").publish(Head(1, "a" * 64), START)


CRIMES: dict[str, tuple[tuple[str, ...], str]] = {
    "edited": (("UPDATE audit_entries SET content = replace(content, 'U0CAROL', 'U0EVE') WHERE seq = 1",), "entry 1 was changed"),
    "deleted": (("DELETE FROM audit_entries WHERE seq = 2",), "entry 2 is missing"),
    "swapped": (
        (
            "UPDATE audit_entries SET seq = -2 WHERE seq = 2",
            "UPDATE audit_entries SET seq = 2 WHERE seq = 3",
            "UPDATE audit_entries SET seq = 3 WHERE seq = -2",
        ),
        "entry 2 was changed, inserted or moved",
    ),
    "inserted at the end": (
        ("INSERT INTO audit_entries (seq, content, hash) SELECT :end + 1, content, hash FROM audit_entries WHERE seq = 1",),
        "was changed, inserted or moved",
    ),
    "tail cut": (("DELETE FROM audit_entries WHERE seq = :end",), "should end at|does not end at"),
    "tail cut with its head": (
        (
            "DELETE FROM audit_entries WHERE seq >= :end - 1",
            "UPDATE audit_head SET seq = :end - 2, hash = (SELECT hash FROM audit_entries WHERE seq = :end - 2)",
        ),
        "which was published: its end was cut off|differs from the head",
    ),
    "head moved": (("UPDATE audit_head SET hash = 'f'",), "should end at|changed, inserted or moved"),
}


@pytest.mark.parametrize("crime", CRIMES)
def test_a1_verify_names_the_first_bad_entry_and_nothing_runs(stage: Stage, crime: str) -> None:
    """Edited, deleted, swapped, inserted, cut: whatever was done to the chain."""
    number = stage.open_incident()
    stage.run(stage.approved(number, target="payments"))
    asked = stage.approved(number)
    heads_of(stage).publish(_head(stage), stage.time.now())
    statements, words = CRIMES[crime]
    edit(stage, *statements)
    with pytest.raises(AuditBroken, match=words):
        stage.audit.verify()
    effects = len(stage.hands.effects)
    after = stage.run(asked)
    assert len(stage.hands.effects) == effects
    # A chain with a forged end takes no entry at all, so not even the refusal: the approval waits for a person.
    assert after.status is (ProposalStatus.APPROVED if crime == "inserted at the end" else ProposalStatus.REFUSED)


def _head(stage: Stage) -> Head:
    with stage.db.begin() as tx:
        return tx.audit.head()


def test_a1_what_the_heartbeat_found_stops_every_replica(stage: Stage) -> None:
    """Also when the damage lies too far back for the look at each claim; a repaired chain frees it again."""
    asked, later = stage.approved(stage.open_incident()), stage.approved(stage.open_incident(), target="payments")
    edit(stage, "UPDATE audit_entries SET content = replace(content, 'U0CAROL', 'U0EVE') WHERE seq = 1")
    assert "entry 1 was changed" in stage.audit.look()
    edit(stage, "UPDATE audit_entries SET content = replace(content, 'U0EVE', 'U0CAROL') WHERE seq = 1")
    assert "entry 1 was changed" in stage.beside().run(asked).reason
    assert stage.audit.look() == ""
    with stage.db.begin() as tx:
        assert tx.setting(BROKEN) == ""
    assert stage.run(later).status is ProposalStatus.DONE


def test_a1_damage_in_the_timeline_stops_the_run_too(stage: Stage) -> None:
    """The incident's own chain is checked at the claim."""
    asked = stage.approved(stage.open_incident())
    edit(stage, "UPDATE timeline_entries SET text = 'something else' WHERE seq = 1")
    after = stage.run(asked)
    assert (after.status, stage.hands.effects) == (ProposalStatus.REFUSED, [])


def test_a1_a_whole_chain_longer_than_the_look_is_whole(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look at each claim starts in the middle of a long chain; a gap right there is seen."""
    from app.services import audit

    monkeypatch.setattr(audit, "RECENT", 3)
    number = stage.open_incident()
    for target in ("checkout", "payments"):
        assert stage.run(stage.approved(number, target=target)).status is ProposalStatus.DONE
    asked = stage.approved(number, "set_flag", on=True)
    edit(stage, "DELETE FROM audit_entries WHERE seq = :end - 2")
    assert "is missing" in stage.run(asked).reason


def test_a1_verify_is_not_alarmed_by_others_who_write_meanwhile(any_url: str, tmp_path: Path) -> None:
    """A chain that grows while it is read is whole."""
    import threading

    from app.domain.audit import AuditKind

    stage = Stage(any_url, tmp_path, runner=a_world())
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with stage.db.begin() as tx:
                tx.audit.append(AuditKind.POLICY, "another entry", "sitrep", stage.time.now())

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(6):
            stage.audit.verify()
            asked = stage.approved(stage.open_incident(), "set_flag", on=True)
            stage.hands.world["checkout"]["flag"] = False
            after = stage.run(stage.read(asked))
            assert after.status is ProposalStatus.DONE, after.reason
            stage.hands.world["checkout"]["flag"] = False
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    stage.close()


def test_a1_the_heads_file_survives_a_torn_line_and_refuses_a_forged_one(tmp_path: Path) -> None:
    """A crash in the middle of a line is not a crime."""
    heads = HeadsFile(tmp_path / "heads.log")
    heads.publish(Head(1, "a" * 64), START)
    with (tmp_path / "heads.log").open("a") as file:
        file.write("2 bbbb")
    heads.publish(Head(3, "c" * 64), START)
    assert heads.published() == [Head(1, "a" * 64), Head(3, "c" * 64)]
    with (tmp_path / "heads.log").open("a") as file:
        file.write("not a head at all\n")
    with pytest.raises(AuditBroken, match=r"Line 4 of heads\.log is no audit head"):
        heads.published()


def test_a1_links_between_entries_are_checked_from_any_place() -> None:
    """Pure: a chain, its parts, and a part that does not follow."""
    entries: list[AuditEntry] = []
    head = Head()
    for word in ("one", "two", "three"):
        entries.append(seal(head, word))
        head = Head(entries[-1].seq, entries[-1].hash)
    assert check(entries) == head
    assert check(entries[1:], Head(1, entries[0].hash)) == head
    with pytest.raises(AuditBroken, match="entry 1 is missing"):
        check(entries[1:])


def test_a1_policy_changes_signatures_and_links_are_in_the_chain(stage: Stage) -> None:
    """Whatever changes who may do what."""
    from tests.guards.stage import a_policy, an_inventory

    stage.remember_rules()
    signed = stage.beside(an_inventory(standing=(a_policy(),)))
    signed.remember_rules()
    signed.remember_rules()
    for person in (ALICE, BOB):
        signed.say_to(person, "policy sign heal")
    signed.say_to(CAROL, "policy revoke heal")
    asked = signed.ask(signed.open_incident(), size=20)
    signed.say_to(ALICE, f"link {asked.id}")
    with stage.db.begin() as tx:
        texts = [str(entry.value["text"]) for entry in tx.audit.entries()]
    assert texts[:2] == ["The rules are in force", "The rules changed"]
    assert texts[2:5] == [
        "<@U0ALICE> signs the standing policy 'heal' (1 of 2)",
        "<@U0BOB> signs the standing policy 'heal' (2 of 2)",
        "<@U0CAROL> revokes the standing policy 'heal'",
    ]
    assert texts[-1] == "<@U0ALICE> gets a link to decide on: Set size of checkout to 20"
