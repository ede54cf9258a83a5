"""The store over SQL: short transactions, all of it or nothing."""

import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import text
from sqlmodel import Session

from app.adapters.store.audit import SqlAudit
from app.adapters.store.changes import SqlChanges, SqlEarlyEnds
from app.adapters.store.dues import SqlDues
from app.adapters.store.engine import BUSY_S, clear_errors, open_engine
from app.adapters.store.incidents import SqlIncidents
from app.adapters.store.mail import SqlInbox, SqlOutbox
from app.adapters.store.observations import SqlAssessments, SqlEvidence, SqlSignals
from app.adapters.store.papers import SqlPapers
from app.adapters.store.plans import SqlPlans
from app.adapters.store.process import Process, this_process
from app.adapters.store.proposals import SqlProposals
from app.adapters.store.rules import SqlRules
from app.adapters.store.settings import read_setting, write_setting
from app.adapters.store.timeline import SqlTimeline
from app.domain.errors import Unavailable
from app.ports.clock import Clock


class SqlTransaction:
    """One short unit over one session."""

    def __init__(self, session: Session, clock: Clock | None, process: Process) -> None:
        self._session = session
        self._clock = clock
        self.incidents = SqlIncidents(session)
        self.signals = SqlSignals(session)
        self.evidence = SqlEvidence(session)
        self.assessments = SqlAssessments(session)
        self.proposals = SqlProposals(session)
        self.timeline = SqlTimeline(session)
        self.audit = SqlAudit(session)
        self.rules = SqlRules(session)
        self.plans = SqlPlans(session)
        self.papers = SqlPapers(session)
        self.inbox = SqlInbox(session)
        self.outbox = SqlOutbox(session, process)
        self.dues = SqlDues(session)
        self.changes = SqlChanges(session)
        self.early_ends = SqlEarlyEnds(session)

    def now(self) -> datetime:
        """The injected clock if there is one; else Postgres' own clock, or with SQLite this machine's: they are the same."""
        if self._clock is not None:
            return self._clock.now()
        connection = self._session.connection()
        if connection.dialect.name == "sqlite":
            return datetime.now(UTC)
        moment: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return moment.astimezone(UTC)

    def setting(self, name: str) -> str | None:
        """A small value shared by all replicas."""
        return read_setting(self._session, name)

    def set_setting(self, name: str, value: str) -> None:
        """Stores it."""
        write_setting(self._session, name, value)


class SqlStore:
    """Opens transactions over one database; usable from many threads.

    `clock` replaces the database's clock in tests. `process` claims outbox items: this process unless told otherwise.
    The tables must be there: call `upgrade(url)` once when a process starts.
    """

    def __init__(self, url: str, clock: Clock | None = None, process: Process | None = None) -> None:
        self._engine = open_engine(url)
        self._clock = clock
        self._process = process or this_process()
        # SQLite has one writer at a time. Threads of this process queue here, fairly and without polling the file.
        self._turn = threading.Lock() if self._engine.dialect.name == "sqlite" else None
        self._inside = threading.local()

    @contextlib.contextmanager
    def begin(self) -> Iterator[SqlTransaction]:
        """Commits on exit, rolls back on an exception; raises Unavailable, Conflict or NotFound for the database's errors.

        Raises RuntimeError inside an open transaction of the same thread, which would wait for itself.
        """
        if getattr(self._inside, "is_open", False):
            msg = "A transaction is open in this thread; end it before beginning another one."
            raise RuntimeError(msg)
        with self._my_turn(), clear_errors():
            self._inside.is_open = True
            try:
                with Session(self._engine, expire_on_commit=False, autoflush=False) as session, session.begin():
                    session.connection()
                    yield SqlTransaction(session, self._clock, self._process)
            finally:
                self._inside.is_open = False

    def ping(self) -> None:
        """Raises Unavailable with what to do."""
        with self._my_turn(), clear_errors(), self._engine.begin() as connection:
            connection.execute(text("SELECT value FROM counters"))

    def close(self) -> None:
        """Closes all connections; the store opens new ones if it is used again."""
        self._engine.dispose()

    @contextlib.contextmanager
    def _my_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=BUSY_S):
            raise Unavailable(f"The database was busy for {BUSY_S:g} s.", "Try again; if it stays so, restart Sitrep.")
        try:
            yield
        finally:
            self._turn.release()
