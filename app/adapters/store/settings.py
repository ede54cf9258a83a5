"""Small values shared by all replicas, such as the kill switch."""

from sqlmodel import Field, Session

from app.adapters.store.columns import CleanText
from app.adapters.store.rows import Row, find, upsert


class SettingRow(Row, table=True):
    """One named value."""

    __tablename__ = "settings"
    name: str = Field(primary_key=True, sa_type=CleanText)
    value: str = Field(sa_type=CleanText)


def read_setting(session: Session, name: str) -> str | None:
    """The value, if there is one."""
    row = find(session, SettingRow, name=name)
    return None if row is None else row.value


def write_setting(session: Session, name: str, value: str) -> None:
    """Stores it."""
    upsert(session, SettingRow(name=name, value=value), keys=("name",))
