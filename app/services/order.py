"""Puts a word about an alert where it belongs in time: deliveries come twice, late, and in the wrong order."""

from dataclasses import replace
from datetime import datetime

from app.domain.signal import Signal, SignalState
from app.ports.store import Transaction


def placed_in_time(tx: Transaction, signal: Signal, now: datetime) -> Signal | None:
    """The signal in its episode; None if a newer word about its condition is known already.

    A sender that does not tell since when a condition holds speaks of the episode that is open. An end whose beginning
    nobody has heard is remembered for a day, so that a beginning that comes after it opens nothing.
    """
    last = _last_word(tx, signal)
    if last is None:
        return None if _is_over_already(tx, signal, now) else signal
    if signal.said_at is not None and last.said_at is not None and signal.said_at < last.said_at:
        return None
    if signal.is_start_known:
        return signal
    if last.state is SignalState.RESOLVED:
        return {SignalState.FIRING: signal, SignalState.RESOLVED: replace(signal, starts_at=last.starts_at)}.get(signal.state)
    return replace(signal, starts_at=last.starts_at)


def _last_word(tx: Transaction, signal: Signal) -> Signal | None:
    if signal.is_start_known and tx.signals.incident_of(signal.episode) is None:
        return None
    return tx.signals.latest(signal.source, signal.fingerprint)


def _is_over_already(tx: Transaction, signal: Signal, now: datetime) -> bool:
    condition = f"{signal.source}:{signal.fingerprint}" + (f":{signal.starts_at.isoformat()}" if signal.is_start_known else "")
    if signal.state is SignalState.RESOLVED:
        tx.early_ends.put(condition, signal.said_at or signal.ends_at or now, now)
        return True
    ended = tx.early_ends.of(condition)
    return ended is not None and (signal.said_at or signal.starts_at) <= ended
