"""Provider tokens: keys that are recognised by their own spelling, wherever they stand.

The prefixes are public knowledge documented by each provider; the gitleaks rule set (MIT) was the checklist.
"""

# ruff: noqa: E501 - one provider per line
import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.redaction.checks import entropy, is_hex, is_random, is_readable_base64
from app.domain.redaction.span import Span


@dataclass(frozen=True, slots=True)
class _Rule:
    """Runs only when one of `needles` occurs. The whole match is redacted, or the group named `v`."""

    kind: str
    needles: tuple[str, ...]
    pattern: re.Pattern[str]
    must_look_random: bool = False


def _rule(kind: str, needles: str, pattern: str, must_look_random: bool = False) -> _Rule:
    return _Rule(
        kind,
        tuple(needles.split()),
        re.compile(("" if pattern.startswith("/") else r"(?<![A-Za-z0-9])") + f"(?:{pattern})"),
        must_look_random,
    )


_RULES = (
    _rule("aws_key", "AKIA ASIA AROA AIDA ABIA ACCA", r"(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{12,16}(?![a-z])"),
    _rule("aws_key", "amzn.mws ABSK", r"amzn\.mws\.[0-9a-f-]{36}|ABSK[A-Za-z0-9+/]{60,200}={0,2}"),
    _rule("gcp_key", "AIza ya29. GOCSPX 1//0", r"AIza[\w-]{20,60}|ya29\.[\w.-]{20,400}|GOCSPX-[\w-]{16,60}|1//0[\w-]{20,200}"),
    _rule("azure_key", "Q~", r"[\w.-]{3}\dQ~[\w.~-]{28,40}"),
    _rule("azure_key", "JQQJ99 +ASt +ACDb +AMC +ARm AZFu AIoT", r"[A-Za-z0-9+/]{30,90}(?:JQQJ99|\+ASt|\+ACDb|\+AMC|\+ARm|AZFu|AIoT)[A-Za-z0-9+/]{4,40}={0,2}"),
    _rule("github_token", "gh github_pat_", r"gh[pousr]_[A-Za-z0-9]{16,255}|github_pat_\w{20,255}"),
    _rule("gitlab_token", "gl GR1348941", r"gl(?:pat|ptt|dt|rt|rtr|ft|soat|agent|cbt|imt|oas|ffct)-[\w.-]{16,300}|GR1348941[\w-]{16,40}"),
    _rule("slack_token", "xox xapp-", r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{8,300}|xapp-[A-Za-z0-9-]{10,300}"),
    _rule("stripe_key", "k_live_ k_test_ whsec_", r"[srp]k_(?:live|test)_[A-Za-z0-9]{8,250}|whsec_[A-Za-z0-9+/=]{16,100}"),
    _rule("twilio_key", "SK AC", r"(?:SK|AC)[0-9a-f]{32}(?::[0-9a-f]{32})?(?![A-Za-z0-9])"),
    _rule("sendgrid_key", "SG.", r"SG\.[\w-]{10,40}\.[\w-]{16,80}"),
    _rule("mail_key", "key- xkeysib -us", r"key-[0-9a-f]{32}|xkeysib-[0-9a-f]{32,80}(?:-\w{8,24})?|[0-9a-f]{32}-us\d{1,2}"),
    _rule("npm_token", "npm_", r"npm_[A-Za-z0-9]{20,100}"),
    _rule("pypi_token", "pypi-", r"pypi-[\w-]{32,400}"),
    _rule("package_token", "rubygems_ oy2 cio dckr_ AKCp", r"rubygems_[0-9a-f]{40,60}|oy2[a-z0-9]{43}|cio[A-Za-z0-9]{32}|dckr_(?:pat|oat)_[\w-]{16,80}|AKCp[A-Za-z0-9]{50,100}"),
    _rule("model_key", "sk-", r"sk-[\w-]{16,300}", must_look_random=True),
    _rule("model_key", "hf_ gsk_ r8_ pplx- xai- nvapi-", r"(?:hf_|gsk_|r8_|pplx-|xai-|nvapi-)[\w-]{20,150}", must_look_random=True),
    _rule("monitoring_key", "NR glsa_ glc_ eyJrIjoi sntry dt0 hcaik_ dd", r"NR(?:AK|JS|II|IQ|RA)-[\w-]{16,50}|[0-9a-f]{30,40}NRAL|glsa_\w{20,80}|glc_[\w+/=]{24,300}|eyJrIjoi[\w=+/]{24,200}|sntry[su]_[\w=+/-]{24,400}|dt0[a-z]\d\d\.[A-Z0-9]{20,30}\.[A-Z0-9]{30,70}|hcai?k_\w{24,80}|dd(?:api|app|p|pat)_[A-Za-z0-9]{20,80}"),
    _rule("pagerduty_key", "u+ y_ pdus+ pdeu+", r"u\+[\w-]{18}(?![\w-])|pd(?:us|eu)\+[\w+-]{18,80}|y_[A-Z][\w-]{18}(?![\w-])"),
    _rule("vault_token", "hv s. atlasv1", r"hv[sbr]\.[\w-]{16,300}|(?<![\w.])s\.[A-Za-z0-9]{24}(?![\w.])|[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{30,90}"),
    _rule("cloud_token", "do HRKU- v1.0- fm2_ nfp_ sbp_ sb_secret_ pscale_ dapi tskey- cfut_ cfat_", r"do[opr]_v1_[0-9a-f]{40,64}|HRKU-[\w-]{30,80}|v1\.0-[0-9a-f]{24}-[0-9a-f]{100,146}|fm2_[\w+/=,-]{30,600}|nfp_\w{30,60}|sbp_\w{30,60}|sb_secret_[\w-]{16,60}|pscale_(?:tkn|oauth|pw)_[\w.=-]{20,80}|dapi[0-9a-f]{32}(?:-\d)?|tskey-[a-z]{3,12}-[\w-]{12,80}|cf[ua]t_\w{30,80}"),
    _rule("commerce_token", "shp sq0 EAAA access_token$", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{24,40}|sq0[a-z]{3}-[\w-]{20,60}|EAAA[\w-]{50,80}|access_token\$(?:production|sandbox)\$[\w$]{20,80}"),
    _rule("social_token", "EAA AAAAAAAAAAAAAAAAAAA", r"EAA[A-Za-z0-9]{60,300}|A{19,22}[\w%]{30,120}"),
    _rule("chat_token", ":AA .", r"(?:bot)?\d{8,10}:AA[\w-]{30,36}|[MNO][\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,45}(?![\w-])"),
    _rule("vendor_token", "lin_api_ ntn_ secret_ fig ATATT3 ATCTT3 ATBB sl. dp. ops_eyJ CCIPAT_ bk sqp_ squ_ sqa_ PMAK- pul- rdme_ tfp_ pat eu1_ frwtk", r"lin_(?:api|oauth)_\w{24,80}|ntn_\w{30,60}|secret_[A-Za-z0-9]{43}(?!\w)|fig[dour]_[\w-]{24,80}|AT(?:ATT|CTT)3[\w=-]{20,300}|ATBB[A-Za-z0-9]{20,60}|sl\.[\w-]{80,200}|dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.]{30,80}|ops_eyJ[\w=-]{60,900}|CCIPAT_\w{20,100}|bk(?:ua|ct|at)_\w{24,80}|sq[uap]_[0-9a-f]{40}|PMAK-[0-9a-f-]{40,70}|pul-[0-9a-f]{40}|rdme_\w{40,80}|tfp_[\w-]{40,80}|pat[A-Za-z0-9]{14}\.[0-9a-f]{40,64}"),
    _rule("vendor_token", "sdk- mob- api-", r"(?:sdk|mob|api)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    _rule("asana_token", "/", r"[012]/\d{12,18}:[0-9a-f]{32}"),
    _rule("password_hash", "$1$ $2 $5$ $6$ $y$ $argon2", r"\$(?:1|2[abxy]?|5|6|y|argon2\w{1,2})\$[\w./$=,+-]{20,200}"),
    _rule("private_key", "Private-Lines", r"Private-Lines: \d{1,4}\s{0,4}(?P<v>[A-Za-z0-9+/=\r\n]{16,8000})"),
    _rule("private_key", "AGE-SECRET-KEY-", r"AGE-SECRET-KEY-1[0-9A-Z]{40,60}"),
    _rule("jwt", "ey", r"ey[A-Za-z0-9_=-]{10,4000}\.ey[\w/+=-]{6,8000}(?:\.[\w/+=-]{0,4000}){0,3}|eyJ(?:hbGciOi|0eXAiOi|raWQiOi|0eXBlIjoi|lbmMiOi)[\w.=+/-]{6,8000}|[sp]k\.eyJ[\w-]{20,200}\.[\w-]{16,60}"),
    _rule("storage_key", "==", r"(?<![A-Za-z0-9+/-])[A-Za-z0-9+/]{86}==(?!=)"),
    _rule("webhook", "hooks.slack", r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/(?P<v>[\w/-]{10,200})"),
    _rule("webhook", "/api/webhooks/", r"/api/webhooks/(?P<v>\d{10,25}/[\w-]{16,100})"),
    _rule("webhook", "webhook.office webhookb2 office.com/webhook", r"webhook(?:b2)?/(?P<v>[\w@/-]{30,400})"),
    _rule("webhook", "hooks.zapier /hooks/ maker.ifttt", r"hooks/catch/(?P<v>\d{3,12}/\w{4,20})|/with/key/[\w-]{10,60}|/hooks/[a-z0-9]{26}(?!\w)"),
    _rule("webhook", "/integration/", r"/integration/(?P<v>\w{20,60})"),
    _rule("webhook", "integromat make.com pipedream events.pagerduty workflow", r"hook\.[\w.]{2,20}\.?(?:make|integromat)\.com/(?P<v>\w{16,60})"),
)  # fmt: skip
_GENERIC_WEBHOOK = re.compile(r"/(?:web)?hooks?/(?:[\w-]{1,30}/){0,4}(?P<v>[\w-]{20,120})(?![\w.-])", re.IGNORECASE)
_PEM = re.compile(
    r"-{3,5}[ \t]{0,2}BEGIN[ A-Z0-9]{0,30}PRIVATE KEY(?: BLOCK)?-{0,5}"
    r"(?:(?!-----END)[A-Za-z0-9+/=\s\\:,.\"'|-]){0,20000}(?:-{3,5}END[ A-Z0-9]{0,30}(?:KEY(?: BLOCK)?)?-{0,5})?"
)
_PEM_TAIL = re.compile(r"[A-Za-z0-9+/=]{16,4096}(?:\\[nr]|\s){0,4}-----END[ A-Z0-9]{0,30}PRIVATE KEY")
_KEY_BODY = re.compile(
    r"(?<![A-Za-z0-9+/])(?:MI[A-Z][A-Za-z0-9+/]{1,6}IBA[AD][A-Za-z0-9+/]{20,}|b3BlbnNzaC1rZXktdjE[A-Za-z0-9+/]{10,}"
    r"|MHcCAQEE[A-Za-z0-9+/]{16,}|MI[GH][A-Za-z0-9+/]{1,3}gEAM[A-Za-z0-9+/]{16,}|MC4CAQAwBQYDK2Vw[A-Za-z0-9+/]{16,})={0,2}"
)
_FORTY = re.compile(r"(?<![A-Za-z0-9+/_.-])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=_-]|\.\w)")


def find_tokens(text: str) -> Iterator[Span]:
    """Every key recognised by its spelling."""
    for rule in _RULES:
        if any(needle in text for needle in rule.needles):
            yield from _matches(rule, text)
    if "hook" in text or "HOOK" in text:
        for match in _GENERIC_WEBHOOK.finditer(text):
            if is_random(match["v"]):
                yield Span(*match.span("v"), "SECRET:webhook")
    yield from _find_keys(text)


def _matches(rule: _Rule, text: str) -> Iterator[Span]:
    has_group = bool(rule.pattern.groupindex)
    for match in rule.pattern.finditer(text):
        if rule.must_look_random and not (is_random(match.group()) and _has_digit_and_long_piece(match.group())):
            continue
        group: str | int = "v" if has_group and match["v"] else 0
        yield Span(*match.span(group), f"SECRET:{rule.kind}")


def _has_digit_and_long_piece(text: str) -> bool:
    return any(char.isdigit() for char in text) and max(map(len, re.split(r"[-_]", text))) >= 13


def _find_keys(text: str) -> Iterator[Span]:
    if "PRIVATE KEY" in text:
        for match in _PEM.finditer(text):
            yield Span(match.start(), match.start() + len(match.group().rstrip(" \t\r\n\"',|.:")), "SECRET:private_key")
        for match in _PEM_TAIL.finditer(text):
            yield Span(*match.span(), "SECRET:private_key")
    for match in _KEY_BODY.finditer(text):
        yield Span(*match.span(), "SECRET:private_key")
    for match in _FORTY.finditer(text):
        if _is_secret_forty(match.group()):
            yield Span(*match.span(), "SECRET:aws_secret")


def _is_secret_forty(text: str) -> bool:
    """Forty base64 characters are an AWS secret key, unless they are a SHA-1, a path or readable text."""
    kinds = (any(char.isdigit() for char in text), any(char.isupper() for char in text), any(char.islower() for char in text))
    return all(kinds) and not is_hex(text) and text.count("/") <= 4 and entropy(text) > 4.2 and not is_readable_base64(text)
