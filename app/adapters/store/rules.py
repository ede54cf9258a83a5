"""The rules as rows: what each policy version said, who signed which standing policy, and which links were used."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Field, Session, col

from app.adapters.store import nested
from app.adapters.store.columns import CleanText, JsonText, UtcTime
from app.adapters.store.rows import Row, fetch, fetch_one, insert_new, run, table
from app.domain.approval import Approval, Decision
from app.domain.canonical import Json, plain


class PolicyRow(Row, table=True):
    """The rules of one policy version."""

    __tablename__ = "policies"
    version: str = Field(primary_key=True, sa_type=CleanText)
    rules: Any = Field(sa_type=JsonText)
    seen_at: datetime = Field(sa_type=UtcTime)


class SignatureRow(Row, table=True):
    """One person's signature under one exact standing policy."""

    __tablename__ = "signatures"
    policy: str = Field(primary_key=True, sa_type=CleanText)
    person: str = Field(primary_key=True, sa_type=CleanText)
    digest: str = Field(primary_key=True, sa_type=CleanText)
    at: datetime = Field(sa_type=UtcTime)
    via: str = Field(sa_type=CleanText)


class UsedLinkRow(Row, table=True):
    """An approval link that was used; it cannot be stored twice."""

    __tablename__ = "used_links"
    link: str = Field(primary_key=True, sa_type=CleanText)
    at: datetime = Field(sa_type=UtcTime)


class SqlRules:
    """What the rules were, who signed which standing policy, and which approval links were used."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def remember(self, version: str, rules: Mapping[str, Json], at: datetime) -> bool:
        """Keeps the rules of a policy version; False if they were known."""
        return insert_new(self._session, PolicyRow(version=version, rules=plain(rules), seen_at=at))

    def of(self, version: str) -> Mapping[str, Json] | None:
        """The rules of a version, if they were kept."""
        row = fetch_one(self._session, select(PolicyRow).where(col(PolicyRow.version) == version))
        return None if row is None else nested.members(row.rules)

    def sign(self, signature: Approval) -> bool:
        """Keeps a person's signature under a standing policy; False if that person already signed exactly this."""
        row = SignatureRow(
            policy=signature.proposal,
            person=signature.person,
            digest=signature.fingerprint,
            at=signature.at,
            via=signature.via,
        )
        return insert_new(self._session, row)

    def signatures(self, policy: str) -> Sequence[Approval]:
        """All signatures under a standing policy, of whatever digest, oldest first."""
        found = select(SignatureRow).where(col(SignatureRow.policy) == policy).order_by(col(SignatureRow.at))
        return [
            Approval(row.policy, row.digest, row.person, Decision.APPROVE, row.at, row.via) for row in fetch(self._session, found)
        ]

    def revoke_signatures(self, policy: str) -> int:
        """Removes every signature under a standing policy; how many there were."""
        return run(self._session, table(SignatureRow).delete().where(col(SignatureRow.policy) == policy))

    def use_link(self, link: str, at: datetime) -> bool:
        """Marks an approval link as used; False if it was used before."""
        return insert_new(self._session, UsedLinkRow(link=link, at=at))
