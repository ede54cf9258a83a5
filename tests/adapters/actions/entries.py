"""Catalogue entries for the tests of the runners."""

from collections.abc import Mapping
from dataclasses import replace

from app.domain.action import ActionSpec, Parameter, ParameterKind, Probe, Risk
from app.domain.canonical import Json

KEY = Parameter("key", ParameterKind.STRING, pattern=r"[^\x00]*")
VALUE = Parameter("value", ParameterKind.INTEGER, minimum=-500, maximum=500)
RATIO = Parameter("ratio", ParameterKind.NUMBER, minimum=0, maximum=1)
ON = Parameter("on", ParameterKind.BOOLEAN)


def http_entry(base: str, timeout_s: float = 5.0, **call: Json) -> ActionSpec:
    url = base + "/services/{target}/config/{key}"
    return ActionSpec(
        name="set_config_value",
        title="Set {key}",
        executor="http",
        targets=("checkout",),
        risk=Risk.MEDIUM,
        call={"method": "PUT", "url": url, "json": {"value": "{value}"}, "expect_status": [200], **call},
        observe={"method": "GET", "url": url, "fields": {"before": "value"}},
        probe=Probe("error_ratio", 0.02),
        parameters=(KEY, VALUE),
        timeout_s=timeout_s,
    )


def command_entry(
    argv: list[str], timeout_s: float = 10.0, parameters: tuple[Parameter, ...] = (KEY,), **call: Json
) -> ActionSpec:
    items: list[Json] = list(argv)
    return ActionSpec(
        name="clean_up",
        title="Clean up",
        executor="command",
        targets=("checkout",),
        risk=Risk.LOW,
        call={"argv": items, **call},
        probe=Probe("disk_used", 0.8),
        parameters=parameters,
        timeout_s=timeout_s,
    )


def observing(spec: ActionSpec, observe: Mapping[str, Json]) -> ActionSpec:
    return replace(spec, observe=observe)
