"""Puts a word about an alert where it belongs in time: deliveries come twice, late, and in the wrong order."""

from dataclasses import replace
from datetime import datetime

from app.domain.signal import Signal, SignalState
from app.ports.store import Transaction


def placed_in_time(tx: Transaction, signal: Signal) -> Signal | None:
    """The signal in its episode; None if a newer word about its condition is known already.

    A sender that does not tell since when a condition holds speaks of the episode that is open.
    """
    if signal.is_start_known and signal.said_at is None:
        return signal
    last = tx.signals.latest(signal.source, signal.fingerprint)
    if last is None or (signal.is_start_known and last.episode != signal.episode):
        return signal
    if signal.said_at is not None and last.said_at is not None and signal.said_at < last.said_at:
        return None
    if signal.is_start_known:
        return signal
    if last.state is SignalState.RESOLVED:
        return {SignalState.FIRING: signal, SignalState.RESOLVED: replace(signal, starts_at=last.starts_at)}.get(signal.state)
    return replace(signal, starts_at=last.starts_at)


def opens_nothing(tx: Transaction, signal: Signal, now: datetime) -> bool:
    """True for a signal of an unknown episode that must not open an incident: it is not firing, or its end came first.

    An end whose beginning nobody has heard is remembered for a day.
    """
    condition = f"{signal.source}:{signal.fingerprint}" + (f":{signal.starts_at.isoformat()}" if signal.is_start_known else "")
    if signal.state is SignalState.RESOLVED:
        tx.early_ends.put(condition, signal.said_at or signal.ends_at or now, now)
    if signal.state is not SignalState.FIRING:
        return True
    ended = tx.early_ends.of(condition)
    return ended is not None and (signal.said_at or signal.starts_at) <= ended
