"""A change that was told of stands in the headline when an alert follows it."""

from datetime import timedelta

from app.domain.evidence import Evidence, EvidenceKind
from app.services.reason import assess, picture
from tests.builders import NOW, an_incident, an_inventory


def evidence(kind: EvidenceKind, number: int, text: str, minutes_ago: float, **data: str | float) -> Evidence:
    """Something seen on checkout."""
    at = NOW - timedelta(minutes=minutes_ago)
    return Evidence(
        kind=kind, key=str(number), source="x", summary=text, observed_at=at, id=f"E{number}", service="checkout",
        data={"at": at.timestamp(), **data},
    )  # fmt: skip


def test_the_headline_says_how_long_after_the_deploy_the_alert_fired() -> None:
    """With many alerts, too: they do not crowd out the change."""
    alerts = [evidence(EvidenceKind.ALERT, number, f"Alert {number} fires", 0, state="firing") for number in range(1, 12)]
    deploy = evidence(EvidenceKind.CHANGE, 20, "deploy on checkout at 03:10:00 UTC by alice: 1.4.2", 2, by="alice")
    incident, seen = an_incident(), [*alerts, deploy]
    said = assess(incident, seen, (), picture(incident, seen, an_inventory()), (), NOW)
    assert said.headline.text.startswith("The alert fires 2 min after this change")
    assert "1.4.2" in said.headline.text
    assert said.headline.evidence == ("E20", "E1")
    assert any("1.4.2" in finding.text for finding in said.findings)


def test_an_old_change_is_not_blamed() -> None:
    """Two hours before is no neighbour."""
    alert = evidence(EvidenceKind.ALERT, 1, "Alert fires", 0, state="firing")
    deploy = evidence(EvidenceKind.CHANGE, 2, "deploy on checkout", 120, by="alice")
    incident, seen = an_incident(), [alert, deploy]
    said = assess(incident, seen, (), picture(incident, seen, an_inventory()), (), NOW)
    assert "after this change" not in said.headline.text
