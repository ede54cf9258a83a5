"""Lines with secrets, with personal data and with neither: made anew from a seed, never real, assembled at run time."""

import base64
import json
import random
import string
from collections.abc import Callable
from dataclasses import dataclass

LOWER, UPPER, DIGIT = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALNUM = LOWER + UPPER + DIGIT
HEX = "0123456789abcdef"
SERVICES = ("checkout", "web", "payments", "search", "cart", "auth-proxy", "billing")


@dataclass(frozen=True, slots=True)
class Line:
    """A line, what in it must go (empty for a harmless one), and the kind of case it is."""

    text: str
    hidden: tuple[str, ...]
    case: str


class Maker:
    """Random pieces from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def of(self, alphabet: str, length: int) -> str:
        """That many characters, with a digit and a letter among them where the alphabet has both."""
        while True:
            text = "".join(self.random.choice(alphabet) for _ in range(length))
            kinds = [kind for kind in (LOWER, UPPER, DIGIT) if set(kind) & set(alphabet)]
            if length < 6 or all(set(kind) & set(text) for kind in kinds):
                return text

    def pick(self, *options: str) -> str:
        """One of them."""
        return self.random.choice(options)

    def service(self) -> str:
        """A service's name."""
        return self.random.choice(SERVICES)

    def password(self) -> str:
        """A password as people make them."""
        word = self.pick("sunrise", "Falcon", "winter", "Kestrel", "tangerine", "Orion", "blauwal", "montana")
        return self.pick(
            f"{word}{self.of(DIGIT, 4)}",
            f"{word.title()}{self.of(DIGIT, 2)}!",
            f"{word[:4]}${self.of(ALNUM, 6)}",
            self.of(ALNUM, 14),
            f"{word[0].upper()}@{word[1:]}#{self.of(DIGIT, 3)}",
            f"{self.of(ALNUM, 6)}-{self.of(ALNUM, 6)}",
        )

    def b64(self, size: int) -> str:
        """Base64 of random bytes."""
        return base64.b64encode(self.random.randbytes(size)).decode()

    def jwt(self) -> str:
        """A JSON web token."""

        def part(value: dict[str, object]) -> str:
            return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

        head = part({"alg": self.pick("HS256", "RS256"), "typ": "JWT"})
        return f"{head}.{part({'sub': self.of(DIGIT, 6), 'exp': 1790000000})}.{self.of(ALNUM + '-_', 43)}"

    def card(self) -> str:
        """A card number with a right check digit."""
        body = self.pick(
            "4" + self.of(DIGIT, 14), "51" + self.of(DIGIT, 13), "37" + self.of(DIGIT, 12), "6011" + self.of(DIGIT, 11)
        )
        return next(body + str(digit) for digit in range(10) if luhn(body + str(digit)))

    def iban(self) -> str:
        """An account number with right check digits."""
        country, length = self.random.choice([("DE", 18), ("NL", 14), ("GB", 18), ("FR", 23), ("ES", 20)])
        body = "ABNA" + self.of(DIGIT, length - 4) if country in {"NL", "GB"} else self.of(DIGIT, length)
        number = int("".join(str(int(char, 36)) for char in body + country + "00"))
        return f"{country}{98 - number % 97:02d}{body}"


def luhn(digits: str) -> bool:
    """The Luhn check, written the long way round."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 else 1)
        total += value // 10 + value % 10
    return total % 10 == 0


Case = Callable[[Maker], tuple[str, str]]


def _tokens() -> dict[str, Case]:
    """A provider's token in an ordinary line."""
    shapes: dict[str, Callable[[Maker], str]] = {
        "aws id": lambda m: "AK" + "IA" + m.of(UPPER + "234567", 16),
        "aws temporary": lambda m: "AS" + "IA" + m.of(UPPER + "234567", 16),
        "gcp": lambda m: "AI" + "za" + m.of(ALNUM + "-_", 35),
        "google oauth": lambda m: "ya" + "29." + m.of(ALNUM + "-_", 60),
        "google secret": lambda m: "GOC" + "SPX-" + m.of(ALNUM, 28),
        "azure secret": lambda m: m.of(ALNUM, 3) + "8Q" + "~" + m.of(ALNUM + "_.~-", 34),
        "azure storage": lambda m: m.b64(64),
        "github": lambda m: "gh" + m.pick("p", "o", "s", "u") + "_" + m.of(ALNUM, 36),
        "github fine": lambda m: "github" + "_pat_" + m.of(ALNUM, 22) + "_" + m.of(ALNUM, 59),
        "gitlab": lambda m: "gl" + "pat-" + m.of(ALNUM + "_-", 20),
        "slack bot": lambda m: "xo" + "xb-" + m.of(DIGIT, 12) + "-" + m.of(DIGIT, 12) + "-" + m.of(ALNUM, 24),
        "slack app": lambda m: "xa" + "pp-1-A" + m.of(UPPER + DIGIT, 10) + "-" + m.of(DIGIT, 12) + "-" + m.of(HEX, 64),
        "stripe": lambda m: m.pick("sk", "rk") + "_li" + "ve_" + m.of(ALNUM, 24),
        "stripe hook": lambda m: "wh" + "sec_" + m.of(ALNUM, 32),
        "twilio": lambda m: "S" + "K" + m.of(HEX, 32),
        "sendgrid": lambda m: "S" + "G." + m.of(ALNUM + "_-", 22) + "." + m.of(ALNUM + "_-", 43),
        "npm": lambda m: "np" + "m_" + m.of(ALNUM, 36),
        "pypi": lambda m: "py" + "pi-AgEIcHlwaS5vcmc" + m.of(ALNUM + "-_", 80),
        "openai": lambda m: "s" + "k-proj-" + m.of(ALNUM, 20) + "T3Blbk" + "FJ" + m.of(ALNUM, 20),
        "openai old": lambda m: "s" + "k-" + m.of(ALNUM, 48),
        "anthropic": lambda m: "s" + "k-ant-api03-" + m.of(ALNUM + "-_", 93) + "AA",
        "huggingface": lambda m: "h" + "f_" + m.of(ALNUM, 34),
        "vault": lambda m: "hv" + "s." + m.of(ALNUM + "_-", 90),
        "digitalocean": lambda m: "do" + "p_v1_" + m.of(HEX, 64),
        "databricks": lambda m: "da" + "pi" + m.of(HEX, 32),
        "shopify": lambda m: "sh" + "pat_" + m.of(HEX, 32),
        "grafana": lambda m: "gl" + "sa_" + m.of(ALNUM, 32) + "_" + m.of(HEX, 8),
        "newrelic": lambda m: "NR" + "AK-" + m.of(UPPER + DIGIT, 27),
        "pagerduty": lambda m: "u" + "+" + m.of(ALNUM + "_-", 18),
        "telegram": lambda m: "1" + m.of(DIGIT, 9) + ":A" + "A" + m.of(ALNUM + "-_", 33),
        "discord": lambda m: "M" + m.of(ALNUM, 23) + "." + m.of(ALNUM, 6) + "." + m.of(ALNUM, 27),
        "atlassian": lambda m: "ATA" + "TT3" + m.of(ALNUM + "-_", 60),
        "docker": lambda m: "dck" + "r_pat_" + m.of(ALNUM + "_-", 27),
        "linear": lambda m: "lin" + "_api_" + m.of(ALNUM, 40),
        "jwt": lambda m: m.jwt(),
        "aws secret": lambda m: m.of(ALNUM + "/+", 40),
    }
    frames = (
        "{s}: request rejected, credential {v} is not valid here",
        "2026-11-02T03:14:07Z WARN {s} loaded {v} from the environment",
        '{{"service": "{s}", "value": "{v}", "level": "info"}}',
        "@oncall I pasted {v} into the wrong channel",
        "+ export X={v}",
    )
    return {name: _framed(make, frames) for name, make in shapes.items()}


def _framed(make: Callable[[Maker], str], frames: tuple[str, ...]) -> Case:
    def case(maker: Maker) -> tuple[str, str]:
        value = make(maker)
        return maker.pick(*frames).format(s=maker.service(), v=value), value

    return case


def _said(make: Callable[[Maker], str], *frames: str) -> Case:
    return _framed(make, frames)


def _context() -> dict[str, Case]:
    """Secrets that only the words around them give away."""
    password: Callable[[Maker], str] = Maker.password
    return {
        "assignment": _said(password, "DB_PASSWORD={v} ./run.sh", "password={v} retry=3", "spring.datasource.password={v}", "pwd={v};Timeout=30"),
        "yaml": _said(password, "password: {v}", "  db_password: '{v}'", 'redis:\n  password: "{v}"\n  port: 6379'),
        "json": _said(password, '{{"user":"app","password":"{v}","host":"db-1"}}', '{{"adminPassword": "{v}"}}', '{{\\"passwd\\":\\"{v}\\"}}'),
        "code": _said(password, "os.environ['DB_PASSWORD'] = '{v}'", 'const password = "{v}";', "setPassword('password', '{v}')", "'password' => '{v}',"),
        "xml": _said(password, "<password>{v}</password>", '<add key="DbPassword" value="{v}" />'),
        "kubernetes": _said(password, '- name: DB_PASSWORD\n  value: "{v}"', "--from-literal=password={v}"),
        "flag": _said(password, "psql --password {v} -h db", "mysql -u root -p{v} shop", "curl -u admin:{v} https://api.internal/x", "redis-cli -a {v} ping", "sshpass -p {v} ssh web-1"),
        "sql": _said(password, "ALTER USER app WITH PASSWORD '{v}';", "CREATE USER x IDENTIFIED BY '{v}'"),
        "prose": _said(password, "the password for staging is {v}", "the db password is now {v}, please rotate", "new password: {v}", "use password {v} to log in", "try admin with pw {v}"),
        "prose german": _said(password, "das Passwort lautet {v}", "Passwort für die DB ist {v}", "Kennwort: {v}"),
        "prose french": _said(password, "le mot de passe est {v}", "mot de passe : {v}", "mdp: {v}"),
        "prose spanish": _said(password, "la contraseña es {v}", "contraseña: {v}", "la contraseña de la base es {v}"),
        "prose others": _said(password, "senha: {v}", "a senha é {v}", "hasło: {v}", "пароль: {v}", "пароль от базы {v}", "密码是{v}", "密码：{v}", "パスワードは {v}", "wachtwoord is {v}", "비밀번호: {v}"),
        "pair": _said(password, "creds: admin / {v}", "login admin:{v} works", "credentials are svc-deploy/{v}"),
        "url": _said(
            lambda m: m.of(ALNUM, 12), "postgres://app:{v}@db-1:5432/shop", "connecting to amqp://svc:{v}@rabbit.internal:5672/%2f failed",
            "redis://:{v}@cache:6379/0", "mongodb+srv://root:{v}@c0.mongodb.net/x", "https://deploy:{v}@git.internal/x.git", "smtp://mailer:{v}@mail:587",
        ),
        "url sign": _said(lambda m: m.of(ALNUM, 5) + "%40" + m.of(ALNUM, 5), "mysql://root:{v}@db/shop", "postgresql+psycopg://app:{v}@10.0.0.5/x"),
        "url parameter": _said(lambda m: m.of(ALNUM, 32), "GET /v1/items?api_key={v}&page=2 200", "GET /cb?access_token={v} 302", "/download?x=1&sig={v}&se=2026"),
        "jdbc": _said(password, "jdbc:sqlserver://db;user=sa;password={v};encrypt=true", "Server=db;User Id=sa;Password={v};"),
        "bearer": _said(lambda m: m.of(ALNUM + "-_", 40), "Authorization: Bearer {v}", "-H 'Authorization: Bearer {v}'", '{{"authorization": "Bearer {v}"}}', "sent bearer {v} and got 401"),
        "basic": _said(lambda m: base64.b64encode(f"admin:{m.password()}".encode()).decode(), "Authorization: Basic {v}", "Proxy-Authorization: Basic {v}"),
        "header": _said(lambda m: m.of(HEX, 32), "X-Api-Key: {v}", "DD-API-KEY: {v}", "X-Auth-Token: {v}", "PRIVATE-TOKEN: {v}", "x-vault-token={v}", "Authorization: Token token={v}"),
        "cookie": _said(lambda m: m.of(ALNUM, 32), "Cookie: theme=dark; sessionid={v}; lang=en", "Set-Cookie: JSESSIONID={v}; Path=/; HttpOnly", "cookie: connect.sid={v}", "Cookie: PHPSESSID={v}"),
        "session": _said(lambda m: m.of(HEX, 40), "session_token={v} rejected", '{{"session_id": "{v}"}}', "sessionToken: {v}"),
        "api key": _said(lambda m: m.of(ALNUM, 32), "api_key={v}", "apiKey: '{v}'", '"client_secret": "{v}"', "DATADOG_API_KEY={v}", "PAGERDUTY_TOKEN={v}", "AccountKey={v};", "signing_secret: {v}", "here is the new api key: {v}"),
        "uuid key": _said(lambda m: f"{m.of(HEX, 8)}-{m.of(HEX, 4)}-4{m.of(HEX, 3)}-a{m.of(HEX, 3)}-{m.of(HEX, 12)}", "HEROKU_API_KEY={v}", "api-key: {v}", "secret_id={v}"),
        "aws secret key": _said(lambda m: m.of(ALNUM + "/+", 40), "aws_secret_access_key = {v}", "AWS_SECRET_ACCESS_KEY={v}", '"SecretAccessKey": "{v}"'),
        "webhook": _said(
            lambda m: m.of(ALNUM, 24), "posting to https://hooks.slack.com/services/T0AAAAAAA/B0BBBBBBB/{v} failed", "https://discord.com/api/webhooks/123456789012345678/{v}x{v}x",
            "hook https://hooks.zapier.com/hooks/catch/12345/{v} 500", "https://chat.internal/hooks/{v}",
        ),
        "pin": _said(lambda m: m.of(DIGIT, 6), "otp={v}", "your verification code: {v}", "PIN: {v}"),
    }  # fmt: skip


def _github(maker: Maker) -> str:
    return "gh" + "p_" + maker.of(ALNUM, 36)


def _zero_width(maker: Maker) -> tuple[str, str]:
    token = _github(maker)
    value = maker.pick("\u200b", "\u2060", "\u00ad").join((token[:3], token[3:9], token[9:]))
    return f"pushed with {value} by mistake", value


def _wide(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def _full_width(maker: Maker) -> tuple[str, str]:
    value = _wide(maker.password())
    return f"{_wide('password:')}{value}", value


def _continued(maker: Maker) -> tuple[str, str]:
    token = _github(maker)
    value = token[:12] + "\\\n  " + token[12:]
    return f"curl -H 'Authorization: token {value}' https://api", value


def _percent(maker: Maker) -> tuple[str, str]:
    token = "xo" + "xb-" + maker.of(DIGIT, 11) + "-" + maker.of(ALNUM, 24)
    value = "".join(f"%{ord(char):02X}" if char in "x-" else char for char in token)
    return f"GET /api?token={value} 200", value


def _escaped(maker: Maker) -> tuple[str, str]:
    value = maker.of(ALNUM, 24)
    return f'"url": "https://x/?client_secret\\u003d{value}\\u0026a=1"', value


def _glued(maker: Maker) -> tuple[str, str]:
    tail = maker.of(ALNUM, 36)
    return f'token = "gh" + "p_" + "{tail}"', tail


# The same secrets, written so that a simple search misses them.
_DISGUISED: dict[str, Case] = {
    "zero width": _zero_width,
    "full width": _full_width,
    "continued": _continued,
    "percent": _percent,
    "escaped": _escaped,
    "glued": _glued,
}


def _keys() -> dict[str, Case]:
    """Private keys, whole and cut."""
    begin, end = "-----BEGIN {} PRIVATE" + " KEY-----", "-----END {} PRIVATE" + " KEY-----"

    def body(maker: Maker, lines: int) -> str:
        return "\n".join(maker.b64(48) for _ in range(lines))

    def whole(maker: Maker) -> tuple[str, str]:
        kind, value = maker.pick("RSA", "EC", "OPENSSH"), body(maker, 4)
        return f"{begin.format(kind)}\n{value}\n{end.format(kind)}", value

    def cut(maker: Maker) -> tuple[str, str]:
        value = body(maker, 2)[: maker.random.randint(70, 120)]
        return f"dump: {begin.format('RSA')}\n{value}", value

    def in_json(maker: Maker) -> tuple[str, str]:
        value = body(maker, 3).replace("\n", "\\n")
        return f'{{"private_key": "{begin.format("").replace("  ", " ")}\\n{value}\\n", "id": 4}}', value

    def tail(maker: Maker) -> tuple[str, str]:
        value = maker.b64(48)
        return f"{value}\n{end.format('RSA')}", value

    return {"pem": whole, "pem cut": cut, "pem json": in_json, "pem tail": tail}


def _personal() -> dict[str, Case]:
    """Mail, telephone, card and account numbers."""

    def mail(maker: Maker) -> str:
        name = maker.pick("jane.doe", "m.mueller", "o'brien", "kim_park", "anna+alerts", "x.y.z")
        return f"{name}{maker.of(DIGIT, 2)}@{maker.pick('example', 'mail.example', 'firma-beispiel')}.{maker.pick('com', 'org', 'de', 'co.uk')}"

    def phone(maker: Maker) -> str:
        digits = maker.of(DIGIT, 7)
        return maker.pick(
            f"+49 170 {digits}", f"+1 (415) 555-{digits[:4]}", f"+44 20 7946 {digits[:4]}", f"(415) 555-{digits[:4]}", f"415-555-{digits[:4]}",
            f"+33 6 12 34 {digits[:2]} {digits[2:4]}", f"0171 {digits}", f"+91 98765 {digits[:5]}", f"+81-90-1234-{digits[:4]}", f"020 7946 {digits[:4]}",
        )  # fmt: skip

    def spaced(text: str) -> str:
        return " ".join(text[index : index + 4] for index in range(0, len(text), 4))

    return {
        "mail": _said(mail, "user {v} cannot log in", '{{"email":"{v}","plan":"pro"}}', "to=<{v}> relay=mx1", "reset link sent to {v}.", "login failed for {v} from 10.0.0.9"),
        "mail percent": _said(lambda m: mail(m).replace("'", "").replace("+", "").replace("@", "%40"), "GET /u?email={v}&x=1 404"),
        "mail spelled": _said(lambda m: f"jane{m.of(DIGIT, 2)} [at] example [dot] com", "write to {v} please"),
        "phone": _said(phone, "customer called from {v}", "call me at {v} if it breaks again", "phone: {v}", "SMS to {v} failed"),
        "phone plain": _said(lambda m: m.pick("491701", "14155", "447700") + m.of(DIGIT, 6), "phone={v}", "msisdn: {v}", '{{"mobile":"{v}"}}'),
        "card": _said(Maker.card, "charge of card {v} declined", '{{"pan":"{v}"}}', "card={v} cvv=***"),
        "card spaced": _said(lambda m: spaced(m.card()), "refund for {v} please", "paid with {v}"),
        "iban": _said(Maker.iban, "payout to {v} failed", '{{"iban":"{v}"}}'),
        "iban spaced": _said(lambda m: spaced(m.iban()), "please transfer to {v}"),
        "ssn": _said(lambda m: f"{m.random.randint(100, 600)}-{m.random.randint(10, 99)}-{m.random.randint(1000, 9999)}", "applicant ssn {v}", "tax id {v} mismatch"),
    }  # fmt: skip


_BENIGN: tuple[str, ...] = (
    "{ts} INFO {s} deployed commit {sha} in 41 s", "Merge pull request #{n} from {s}/fix-retry ({sha7})", "HEAD is now at {sha7} Fix the pool size",
    "image {s}@sha256:{hex64} pulled in 2.1 s", "trace_id={hex32} span_id={hex16} duration_ms=1204", "request {uuid} took 1.2 s",
    "X-Request-Id: {uuid}", "traceparent: 00-{hex32}-{hex16}-01", "pod {s}-7d9f8b6c5d-x2x4z OOMKilled, restarts={n}", "node ip-10-0-12-7.eu-central-1.compute.internal NotReady",
    "{ts} ERROR {s} connection refused to 10.2.3.4:5432 after 3 retries", "GET /api/v1/orders/{n} 200 in 31 ms", "p95 latency 1.24 s, error ratio 0.3098, rps 812.4",
    "payload: {text64}", "config decoded from base64: {text64}", "invalid password for user app", 'password authentication failed for user "app"',
    "password expired, please reset it", "ERROR: password is incorrect", "error: token expired at {ts}", "token is invalid or missing", "max_tokens=4096 temperature=0",
    "prompt_tokens: 1523, completion_tokens: 211", "token bucket for {s} refilled, 120 tokens left", "secret {s}-db-credentials not found in namespace prod",
    'mounting secret "{s}-tls" as volume', "secretName: {s}-tls", "password: ********", "PASSWORD=<redacted>", "api_key=[REDACTED]", "password=${{DB_PASSWORD}}",
    "token: ${{{{ secrets.DEPLOY }}}}", "DB_PASSWORD_FILE=/run/secrets/db_password", "Authorization: Bearer <token>", "authorization failed: bearer token missing",
    "cache key=user:{n}:profile missed", "primary key violation on orders_pkey", 'duplicate key value violates unique constraint "orders_pkey"', "idempotency_key={uuid}",
    "partition_key=eu-{n}", "pressing any key continues", "session closed after 30 s idle", "auth service latency back to normal", "Cookie: theme=dark; lang=en",
    'etag "{hex32}" not modified', "sha512-{b64_64}", "checksum md5={hex32}", "ssh-ed25519 host key verification failed", "SHA256:{b64_43} host fingerprint",
    "order 2026-11-02-{n} total 129.90 EUR", "epoch 1790000000 offset 1790000000123 lag {n}", "timestamp=1790000000123456789 seq={n}", "{ts} took 00:12:44.120",
    "version 1.24.3-rc2+build.77 of {s}", "lodash@4.17.21 and react@18.2.0 installed", "git clone git@github.com:acme/{s}.git", "user@host key exchange", "ssh deploy@web-01.prod.internal",
    "systemd getty@tty1.service started", "connect to postgres://db-1:5432/shop", "redis://cache:6379/0 ready", "https://grafana.internal/d/abc123/overview?orgId=1&from=now-1h",
    "disk /dev/nvme0n1p1 91% full, 12.3 GiB left", "kafka offset 4811209 partition 7 lag 120034", "order id 4111111111111112 not found", "batch 1234567890123456 done in 3 s",
    "shipment 79927398714562 delayed", "called from 127.0.0.1:53412", "mac 00:1a:2b:3c:4d:5e joined", "ipv6 2001:db8::8a2e:370:7334 unreachable", "lock held by worker-12 since 03:14",
    "feature flag new-checkout turned on by deploy bot", "alert HighErrorRate fired for {s}: 31 % errors since 03:14", "rolled back {s} to v2.14.0", "job {uuid} failed 3 times",
    "the password policy changed last week", "we should rotate the password soon", "password reset email sent", "passwordless login enabled", "forgot password page returns 500",
    "signature verification failed", "signing key rotated", "the secret to good sleep is fewer alerts", "bypass cache for {s}", "passed: 412 failed: 3", "pass=412 fail=3",
    "+ replicas: 6", "- replicas: 3", "2026-11-02 03:14:07.123 +0000 UTC", "ulid 01JBZX3V7K9QWERTYABCDEFGHJ created", "correlation-id: {uuid}", "container {hex64} exited 137",
    "cpu 97.3% mem 512 MiB threads 203 fds 4096/65536", "dial tcp 192.168.1.20:9092: i/o timeout", "gc pause 120 ms heap 3.1 GiB -> 1.2 GiB", "retry in 4 s (attempt 3/5)",
    "SELECT * FROM orders WHERE id = {n}", "status=503 upstream=payments-2 bytes=1893", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:{s}/db", "account 123456789012 region eu-west-1",
    "key rotation scheduled for Friday", "access key age is 91 days", "tokenizer loaded in 0.4 s", "authorization: denied by policy", "csrf token mismatch for /login",
    "found 2 credentials older than 90 days", "author: release-bot, title: Bump {s}", "sessions=1203 active", "pin the version of openssl", "otp service is down",
)  # fmt: skip


def benign(maker: Maker) -> Line:
    """A harmless line that looks dangerous."""
    template = maker.pick(*_BENIGN)
    readable = base64.b64encode(
        f"replicas: {maker.of(DIGIT, 2)}, region: eu-west, owner: team-{maker.service()}".encode()
    ).decode()
    pieces = {
        "ts": f"2026-11-0{maker.random.randint(1, 9)}T03:14:0{maker.random.randint(0, 9)}Z", "s": maker.service(), "sha": maker.of(HEX, 40), "sha7": maker.of(HEX, 7),
        "n": maker.of("123456789", 5), "hex64": maker.of(HEX, 64), "hex32": maker.of(HEX, 32), "hex16": maker.of(HEX, 16), "text64": readable,
        "uuid": f"{maker.of(HEX, 8)}-{maker.of(HEX, 4)}-4{maker.of(HEX, 3)}-a{maker.of(HEX, 3)}-{maker.of(HEX, 12)}",
        "b64_64": base64.b64encode(maker.random.randbytes(64)).decode(), "b64_43": base64.b64encode(maker.random.randbytes(32)).decode().rstrip("="),
    }  # fmt: skip
    return Line(template.format(**pieces), (), template)


def lines(group: str, count: int, seed: int = 7) -> list[Line]:
    """`count` lines of a group: `secret`, `personal` or `benign`; every case in turn."""
    maker = Maker(seed)
    if group == "benign":
        return [benign(maker) for _ in range(count)]
    cases = {**_tokens(), **_context(), **_DISGUISED, **_keys()} if group == "secret" else _personal()
    made = []
    for index in range(count):
        name = list(cases)[index % len(cases)]
        text, hidden = cases[name](maker)
        made.append(Line(text, (hidden,), name))
    return made
