"""Context: secrets that only the words around them give away: keys, flags, sentences, addresses, headers, cookies."""

# ruff: noqa: E501 - one command or phrase per line
import re
from collections.abc import Iterator

from app.domain.redaction import values
from app.domain.redaction.checks import basic_pair, is_hex, is_random
from app.domain.redaction.commands import find_in_commands
from app.domain.redaction.span import Span
from app.domain.redaction.words import CONTEXT_OF_IDS, HARMLESS_PREFIX, HARMLESS_SUFFIX, HINTS, KEPT_SUFFIX, KEYWORD

_REST_OF_WORD = re.compile(r"[\w.\-]{0,40}", re.ASCII)
_ASSIGN = re.compile(
    r"(?:\]|\))?\\{0,3}[\"'`]?(?:\]|\))?[ \t]{0,8}(?:=>|:=|->|={1,3}|::?)\s{0,6}"
    r"|\\{0,3}[\"']\s{0,2},\s{0,4}(?=\\{0,3}[\"'])"
    r"|\\{0,3}[\"']?\s{0,2},?\s{0,12}\\{0,3}[\"']?value\\{0,3}[\"']?\s{0,2}[:=]\s{0,2}",
    re.IGNORECASE,
)
_ELEMENT = re.compile(r"[^<>]{0,60}>\s{0,4}")
_SPACE = re.compile(r"[ \t]{1,4}")
_SAYS = re.compile(
    r"(?:[ ]{1,2}[\w@./'()-]{1,30}){0,6}?(?:[ ]?:|[ ]{1,2}(?:is|was|are|lautet|ist|war|est|era|es|é|è|är|er|on|to|now|become|becomes|jest|to jest|это))"
    r"(?: now| currently| set to| changed to| again| the following)?[ :]{1,3}"
    r"|[ ]?(?:是|为|為|は|이|은|는|:|\u2014|\u2013|-)[ ]?"
    r"|[ ](?:for|of|to|от|для|de|do|da|del|du|für|fuer|voor|per|på|til)[ ](?:(?:the|la|el|le|die|den|das|der)[ ])?[\w@.-]{2,30}[ ]",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"(?:one[- ]?time|verification|security|sms|2fa|mfa|otp|totp|confirmation|authenticator)[ -]?(?:code|pin|passcode|password)?(?:[ ]?[:=]| is)[ ]{0,2}"
    r"(?P<v>\d{3}[ -]?\d{3,5})(?![\w.-])",
    re.IGNORECASE,
)
_DIGEST = re.compile(r"\bresponse=[\"']?(?P<v>[0-9a-fA-F]{32,128})")
_NEARBY = re.compile(r"(?<![\w/+.-])[\w+/=~.-]{12,200}(?![\w+/-])")
_URL = re.compile(
    r"[a-zA-Z][\w+.-]{1,30}:(?:\\?/){2}(?P<user>[^\s:/@?#\"'<>]{0,200})(?::(?P<v>[^\s\"'<>]{1,300}?))?@(?=[\w.\[-])"
)
_AUTHORITY = re.compile(r"[^\s/?#\"'<>]{0,300}")
_HEADER = re.compile(
    r"(?:bearer|basic|token|apikey|api-key|negotiate|ssws|genie ?key|splunk|bot)[ :=]{1,3}[\"']?(?P<v>[\w.~+/=:-]{6,4000})",
    re.IGNORECASE,
)
_AUTHORIZATION = re.compile(
    r"authorization[\"'\\]{0,4}\s?[:=]\s?\[?[\"'\\]{0,4}(?:(?P<scheme>[A-Za-z][\w-]{2,24}) )?(?P<v>[^\s\"'\\,]{6,4000})",
    re.IGNORECASE,
)
_COOKIES = re.compile(r"(?<![a-z])(?:set-)?cookies?[\"'\\]{0,4}\s?[:=]\s?[\"'\\]{0,4}(?P<v>[^\"'\\\n]{4,4000})", re.IGNORECASE)
_COOKIE = re.compile(r"(?<![^\s;])(?P<name>[\w.!#$%&*+^|~-]{1,80})=(?P<v>[^;\s,]{1,3000})")
_COOKIE_SETTINGS = frozenset(
    ["path", "domain", "expires", "max-age", "samesite", "priority", "version", "theme", "lang", "locale"]
)
_QUERY = re.compile(
    r"[?&;](?:amp;)?(?:key|sig|sign|signature|code|auth|hash|hmac|st|ticket|otp|apikey|api_key|k|t|x-amz-signature|x-amz-credential|x-amz-security-token"
    r"|x-goog-signature|awsaccesskeyid|state)=(?P<v>[^\s&\"'<>#]{8,2000})",
    re.IGNORECASE,
)
_PAIR = re.compile(
    r"(?<!\w)(?:creds?|credentials|log ?in|logins?|zugangsdaten|user(?:name)?/pass(?:word|wd)?|anmeldung|account)\b[^\w\n]{1,4}(?:(?:are|is|with|as|for [\w.-]{1,30}|sind|using)[^\w\n]{1,3}){0,2}"
    r"(?P<user>[\w.@-]{2,40})[ ]?[:/|][ ]?(?P<v>[^\s,;]{4,100})",
    re.IGNORECASE,
)


def find_in_context(text: str) -> Iterator[Span]:
    """Every secret given away by what stands around it."""
    lower = text.lower()
    if "://" in text or ":\\/\\/" in text:
        yield from _find_urls(text)
    if "=" in text and ("&" in text or "?" in text):
        for match in _QUERY.finditer(text):
            if is_random(match["v"]) or (is_hex(match["v"]) and len(match["v"]) >= 16):
                yield Span(*match.span("v"), "SECRET:url_parameter")
    yield from find_in_commands(text, lower)
    if not text.isascii() or any(hint in lower for hint in HINTS):
        yield from _find_headers(text, lower)
        yield from _find_keys(text)


def _find_urls(text: str) -> Iterator[Span]:
    for match in _URL.finditer(text):
        if match["v"] is not None and not values.is_placeholder(match["v"]):
            end = _end_of_userinfo(text, match.start("v"), match.end("v"))
            yield Span(match.start("v"), end, "SECRET:url_password")
        elif match["v"] is None and is_random(match["user"]):
            yield Span(*match.span("user"), "SECRET:url_user")


def _end_of_userinfo(text: str, start: int, end: int) -> int:
    """A password may hold `@` itself: the last one before the path, query or space ends it."""
    authority = _AUTHORITY.match(text, start)
    last = authority.group().rfind("@") if authority else -1
    return max(end, start + last) if last > 0 else end


def _find_headers(text: str, lower: str) -> Iterator[Span]:
    for match in _HEADER.finditer(text):
        value = values.Value(match["v"], *match.span("v"))
        is_pair = match.group()[:5].lower() == "basic" and not values.is_placeholder(value.text) and basic_pair(value.text)
        if values.is_token(value) or is_pair:
            yield Span(value.start, value.end, "SECRET:authorization")
    if "authorization" in lower:
        yield from _find_authorization(text)
    for pattern in (_CODE, _DIGEST):
        for match in pattern.finditer(text):
            yield Span(*match.span("v"), "SECRET:code")
    if "cookie" in lower:
        for match in _COOKIES.finditer(text):
            yield from _find_cookies(text, *match.span("v"))
    yield from _find_pairs(text)


def _find_authorization(text: str) -> Iterator[Span]:
    for match in _AUTHORIZATION.finditer(text):
        is_listed = match["v"].lower().startswith(("username=", "credential=", "realm="))
        if (
            not is_listed
            and not values.is_placeholder(match["v"])
            and (match["scheme"] or is_random(match["v"]) or is_hex(match["v"]))
        ):
            yield Span(*match.span("v"), "SECRET:authorization")


def _find_pairs(text: str) -> Iterator[Span]:
    for match in _PAIR.finditer(text):
        value = values.Value(match["v"].rstrip(".)"), match.start("v"), match.end("v"))
        is_likely = any(char.isdigit() or char in "!@#$%^&*?" for char in value.text)
        if is_likely and values.is_password_in_prose(value) and not match["user"].isdigit():
            yield Span(value.start, value.start + len(value.text), "SECRET:password")


def _find_cookies(text: str, start: int, end: int) -> Iterator[Span]:
    for match in _COOKIE.finditer(text, start, end):
        if match["name"].lower() not in _COOKIE_SETTINGS and not match["name"].startswith("_g"):
            value = match["v"].strip('"')
            if is_random(value) or (is_hex(value) and len(value) >= 16) or (len(value) >= 8 and _is_session(match["name"])):
                yield Span(*match.span("v"), "SECRET:cookie")


def _is_session(name: str) -> bool:
    return KEYWORD.search(name) is not None


def _find_keys(text: str) -> Iterator[Span]:
    done = 0
    for match in KEYWORD.finditer(text):
        if match.start() < done:
            continue  # inside the value before: also what keeps `password=password=...` linear
        strength = match.lastgroup or "token"
        start = _start_of_word(text, match.start())
        rest = _REST_OF_WORD.match(text, match.end())
        end = rest.end() if rest else match.end()
        suffix = text[match.end() : end].lower().rstrip(".-_")
        end = match.end() + len(suffix)
        prefix = text[start : match.start()].lower()
        if _is_harmless_key(prefix, match.group().lower(), suffix):
            continue
        value = _value_of(text, strength, match.group().lower(), start, end)
        if value is not None:
            done = value.end
            yield Span(value.start, value.end, f"SECRET:{_kind(strength, prefix)}")


def _start_of_word(text: str, position: int) -> int:
    start = position
    while start > max(0, position - 40) and (
        text[start - 1] in "_.-" or (text[start - 1].isascii() and text[start - 1].isalnum())
    ):
        start -= 1
    return start


def _is_harmless_key(prefix: str, word: str, suffix: str) -> bool:
    if HARMLESS_PREFIX.search(prefix) and not word.endswith(("word", "secret")):
        return True
    if not suffix or (
        KEPT_SUFFIX.match(suffix)
        and word in {"secret", "session", "sess", "password", "credential", "auth", "token", "sessid"}
        and suffix != "s"
    ):
        return word == "token" and suffix.endswith("id")
    return HARMLESS_SUFFIX.match(suffix) is not None


def _kind(strength: str, prefix: str) -> str:
    if strength != "password":
        return "token" if strength == "token" else "api_key"
    return (
        "db_password"
        if any(name in prefix for name in ("db", "pg", "sql", "postgres", "mongo", "redis", "database"))
        else "password"
    )


def _value_of(text: str, strength: str, word: str, start: int, end: int) -> values.Value | None:
    """The secret that belongs to the key at `start` to `end`, if there is one."""
    assign = _ASSIGN.match(text, end)
    if assign is not None:
        return _assigned(text, strength, word, text[start : end - len(word)], assign)
    if text[max(0, start - 1) : start] == "<" or (strength != "token" and text[start] == "<"):
        element = _ELEMENT.match(text, end)
        value = values.value_at(text, element.end()) if element else None
        return value if value and _is_accepted(strength, word, value) else None
    space = _SPACE.match(text, end)
    if space is not None and text[start] == "-":
        value = values.value_at(text, space.end())
        return value if value and _is_accepted(strength, word, value) else None
    return _said(text, strength, end, space)


def _assigned(text: str, strength: str, word: str, prefix: str, assign: re.Match[str]) -> values.Value | None:
    value = values.value_at(text, assign.end())
    if value is None:
        return None
    is_loose = assign.group().endswith((" ", "\n", "\t")) and ":" in assign.group() and not value.is_quoted
    if not is_loose:
        is_chosen_word = (
            word == "secret" and prefix != "" and len(value.text) >= 8 and value.text.isalnum() and values.is_password(value)
        )
        return value if is_chosen_word or _is_accepted(strength, word, value) else None
    said = values.word_at(text, assign.end())
    rest = text[value.end : value.end + 80].strip(" .,;)}]\"'\n")
    if strength == "password" and not rest and values.is_password(value) and len(value.text) >= 6:
        return value
    if strength == "password" and said is not None:
        return _longer(value, said) if values.is_password_in_prose(said) else None
    return value if _is_accepted(strength, word, value) else None


def _longer(first: values.Value, second: values.Value) -> values.Value:
    return first if first.end >= second.end else second


def _is_accepted(strength: str, word: str, value: values.Value) -> bool:
    if strength == "password":
        return values.is_password(value) and not (word in {"pass", "pw"} and value.text.isdigit())
    if strength == "secret":
        return values.is_secret(value) or (
            word == "secret" and value.is_quoted and len(value.text) >= 8 and values.is_password_in_prose(value)
        )
    if word in {"otp", "totp", "pin", "mfa", "2fa"} or word.endswith("code"):
        return values.is_code(value) or values.is_token(value)
    return word != "key" and values.is_token(value)


def _said(text: str, strength: str, end: int, space: re.Match[str] | None) -> values.Value | None:
    """A secret in a sentence: `the password for x is Y`, `password Y`, `here is the new key: ...`."""
    says = _SAYS.match(text, end)
    if says is not None and strength == "password":
        value = values.word_at(text, says.end())
        if value and values.is_password_in_prose(value):
            return value
    if space is not None and strength == "password":
        value = values.word_at(text, space.end())
        if value and len(value.text) >= 7 and values.is_password_in_prose(value):
            return value
    for match in _NEARBY.finditer(text, end, min(len(text), end + 70)):
        value = values.Value(match.group().rstrip("."), match.start(), match.start() + len(match.group().rstrip(".")))
        if match.end() < end + 70 and _is_loose_token(text, value):
            return _extended(text, value)
    return None


def _extended(text: str, value: values.Value) -> values.Value:
    whole = _NEARBY.match(text, value.start)
    return values.Value(whole.group(), *whole.span()) if whole else value


def _is_loose_token(text: str, value: values.Value) -> bool:
    if CONTEXT_OF_IDS.search(text[max(0, value.start - 30) : value.start]):
        return False
    if is_hex(value.text):
        return len(value.text) in {32, 48, 64}
    has_all = (
        any(c.isdigit() for c in value.text) and any(c.isupper() for c in value.text) and any(c.islower() for c in value.text)
    )
    return has_all and is_random(value.text) and value.text.count("/") < 3
