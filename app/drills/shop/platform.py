"""A client of the shop's platform, for the drill runner and for tests."""

from typing import Any, Self

import httpx


class PlatformError(Exception):
    """The platform refused or could not be reached; says what happened and what to do next."""

    def __init__(self, message: str, status: int | None = None) -> None:
        """`status` is the HTTP status, None when there was no answer."""
        super().__init__(message)
        self.status = status


class Platform:
    """The admin API as methods; every change is signed with the actor's name."""

    def __init__(self, url: str, token: str, actor: str = "drill") -> None:
        """Talk to the supervisor at `url`."""
        self.url, self._token = url, token
        headers = {"Authorization": f"Bearer {token}", "X-Actor": actor}
        # trust_env=False: a proxy of the environment must not see loopback traffic.
        self._client = httpx.Client(base_url=url, headers=headers, timeout=30.0, trust_env=False)

    def acting_as(self, actor: str) -> "Platform":
        """The same platform for another actor; close it after use."""
        return Platform(self.url, self._token, actor)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def services(self) -> list[dict[str, Any]]:
        """Every service: state, replicas, version, pids, ports, config, flags."""
        return list(self._ask("GET", "/services"))

    def service(self, name: str) -> dict[str, Any]:
        """One service as `services` shows it; `KeyError` when there is none."""
        return {entry["name"]: entry for entry in self.services()}[name]

    def changes(self, limit: int = 100) -> list[dict[str, Any]]:
        """The newest changes, oldest first."""
        return list(self._ask("GET", f"/changes?limit={limit}"))

    def logs(self, service: str, limit: int = 100) -> list[dict[str, Any]]:
        """The newest log lines of a service, oldest first."""
        return list(self._ask("GET", f"/logs/{service}?limit={limit}"))

    def restart(self, service: str) -> dict[str, Any]:
        """Replace the processes of a service."""
        return dict(self._ask("POST", f"/services/{service}/restart"))

    def scale(self, service: str, replicas: int) -> dict[str, Any]:
        """Set the number of replicas."""
        return dict(self._ask("POST", f"/services/{service}/scale", {"replicas": replicas}))

    def set_config(self, service: str, key: str, value: float) -> dict[str, Any]:
        """Change one setting."""
        return dict(self._ask("PUT", f"/services/{service}/config/{key}", {"value": value}))

    def config(self, service: str, key: str) -> dict[str, Any]:
        """One setting with its bounds."""
        return dict(self._ask("GET", f"/services/{service}/config/{key}"))

    def deploy(self, service: str, version: str) -> dict[str, Any]:
        """Run another version."""
        return dict(self._ask("POST", f"/services/{service}/deploy", {"version": version}))

    def roll_back(self, service: str, version: str | None = None) -> dict[str, Any]:
        """Run the version before, or a named one."""
        return dict(self._ask("POST", f"/services/{service}/rollback", {"version": version} if version else {}))

    def set_flag(self, service: str, flag: str, enabled: bool) -> dict[str, Any]:
        """Switch a feature flag."""
        return dict(self._ask("PUT", f"/services/{service}/flags/{flag}", {"enabled": enabled}))

    def break_service(self, service: str, key: str, value: float) -> dict[str, Any]:
        """Break running processes (`load` takes `multiplier`); the change log does not know of it."""
        return dict(self._ask("POST", f"/chaos/{service}", {"key": key, "value": value}))

    def heal(self) -> None:
        """Put the whole shop back to its fresh state."""
        self._ask("POST", "/heal")

    def metrics(self, service: str) -> str:
        """The metrics of all replicas of a service, as Prometheus text."""
        return self._send("GET", f"/metrics/{service}", None).text

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._send(method, path, body).json()

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        try:
            response = self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise PlatformError(f"the platform at {self.url} did not answer: {error!r}. Is the shop started?") from error
        if response.is_error:
            raise PlatformError(f"{method} {path} was refused with {response.status_code}: {response.text}", response.status_code)
        return response
