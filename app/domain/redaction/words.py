"""The words that announce a secret, in the languages teams write in, and the words that show there is none."""

import re

# ruff: noqa: E501 - a pattern of words reads worse when it is cut

_STRONG = (
    r"pass(?:word|wd|phrase|code|wort|ord)|bindpw|passwort|kennwort|(?<![a-z])(?:pwd|passw|pswd|pw|pass)(?![a-z])|(?<=[a-z])pwd|(?<=_)pass(?![a-z])|contrase[ñn]\u0303?a"
    r"|(?<![a-z])clave(?![a-z])|mot[ _-]de[ _-]passe|(?<![a-z])mdp(?![a-z])|senha|wachtwoord|has[łl]o(?![a-z])|парол[яьюе]|密码|密碼|口令"
    r"|パスワード|暗証番号|비밀번호|암호|(?<![a-z])parol(?:a|e|as\u0131)(?![a-z])|lösenord|losenord|adgangskode|adgangsord|salasana|şifre|(?<![a-z])sifre"
    r"|(?<![a-z])heslo|jelszó|jelszo|mật khẩu|kata ?sandi|κωδικός|סיסמה|كلمة (?:ال)?(?:مرور|سر)|पासवर्ड|รหัสผ่าน"
)
_MIDDLE = (
    r"secret|geheimnis|credentials?|(?<![a-z])creds?(?![a-z])|zugangsdaten|api[ _-]?key|api[ _-]?schlüssel|clé[ _-]api|clave[ _-](?:de[ _-])?api"
    r"|(?:access|auth|account|shared|signing|encryption|private|master|subscription|integration|routing|license|application|app|service"
    r"|storage|client|deploy|server|admin|write|ingest|instrumentation|sharedaccess|crypt|cipher|hmac|aes|ssh|dd|webhook|root|wi-?fi|session|access[ _-]key[ _-])"
    r"[ _-]?key|密钥|密鑰|ключ"
)
_WEAK = (
    r"token|jeton|jwt|session[ _-]?id|sessid|(?<![a-z])(?:sid|sess|session|sig|auth|otp|totp|pin|mfa|2fa|key)(?![a-z])|signature|x-amz-credential"
    r"|code[_-](?:verifier|challenge)|connect\.sid|csrf|xsrf|nonce|remember_me|verification[ _-]?code|(?:auth|authorization|recovery|backup)[ _-]?code|令牌|токен|トークン|토큰"
)
KEYWORD = re.compile(rf"(?P<password>{_STRONG})|(?P<secret>{_MIDDLE})|(?P<token>{_WEAK})", re.IGNORECASE)
_HINTS = """pass pwd pswd pw kennw login log-in bearer basic apikey ssws genie splunk anmeld account contras clave mot mdp senha wacht has heslo parol adgang salasana sifre jelsz sandi losenord secret
geheim cred zugang key schl token jeton jwt sess sid sig auth otp pin mfa 2fa amz- csrf xsrf nonce remember code identified"""
HINTS = tuple(_HINTS.split())

HARMLESS_SUFFIX = re.compile(
    r"s?[_.-]?(?:s?[_.-]?(?:count|type|ttl|expir\w*|age|length|len|size|limit|file|path|url|uri|endpoint|name|ref|keyref|version|policy|class"
    r"|store|manager|provider|rotation|reset|change|changed|updated|hint|format|field|column|bucket|budget|usage|used|rate|cost|latency"
    r"|duration|total|per\w*|min|max|sum|avg|error|errors|failures?|status|state|valid|invalid|required|enabled|arn|index|space|range|ring"
    r"|pair|word|s|id|ids|hash_algorithm|algorithm|alg|method|mode|issued|refresh\w*_(?:count|total)|at|in|ms|seconds)"
    r"|less|iz\w+|ized|ing|ed|board|s)$"
)
KEPT_SUFFIX = re.compile(r"^[_.-]?(?:id|key|s)$")
HARMLESS_PREFIX = re.compile(
    r"(?:^|[_.-])(?:max|min|num|n|total|prompt|completion|input|output|remaining|used|avg|cached|primary|foreign|partition|sort|cache|idempotency|routing"
    r"|row|object|group|unique|public|host|message|record|dedup|incident|map|json|hash|shard|event|s3)[_.-]?$"
)
_STATUS = """required incorrect invalid wrong expired expires missing empty reset changed updated rotated rejected accepted failed
failure denied null none nil true false undefined unknown unset set ok yes no not must should cannot can can't is are was were has
have had will would hidden masked redacted removed filtered authentication auth authorization mismatch mismatched policy too for from
error protected disabled enabled string bytes int boolean str bearer basic text valid verified provided given found correct weak
strong short long changes rotation manager store stored hash hashed encrypted plaintext field input prompt login the a an of in on at
by and or with successfully success successful refreshed refresh revoked issued validation verification check checks signature header
cookie file password passwd token secret key keys default optional n/a na tbd todo env environment vault unauthorized forbidden
unavailable limit timeout exhausted bucket lookup request response needed leaked exposed compromised still now never always only being
been same different falsch abgelaufen ungültig incorrecto incorrecta incorrect expirée expiré неверный истек about please already
again gone good bad fine broken stale old new regenerated deleted created generated unchanged lost stolen blank absent pending active
inactive locked sha256 sha512 sha1 md5 utf-8 utf8 base64 bcrypt argon2 argon2id hs256 rs256 es256 oauth oauth2 saml2 http2 ipv4 ipv6
tls1"""
STATUS = frozenset(_STATUS.split())
PLACEHOLDER = re.compile(
    r"[*•●xX.#?_…-]{3,}|[*•●]+|<[^<>]*>?|\$\{.*|\$\(.*|\$[A-Za-z_][A-Z0-9_]*|%[A-Za-z_]+%|%[sdv]|\{\{?.*|%\(.*|\[?(?:redacted|filtered|masked|hidden|removed|secret|email)\b.*"
    r"|process\.env\b.*|os\.(?:environ|getenv)\b.*|env\.[A-Za-z_]+|getenv.*|vault:.*|ref\+.*|arn:aws.*|projects/.*|var\.[\w.]+|secretKeyRef.*|valueFrom.*"
    r"|self\.[\w.]+|config\.[\w.]+|settings\.[\w.]+|(?:/|\./|~/)[a-z][a-z0-9_.-]{1,30}(?:/[\w.-]+)+|/run/\S*|/etc/\S*|https?:.*|your[_-].*|-+>?|=+|\|+|[{\[(]|\w+\(.*",
    re.IGNORECASE,
)
CONTEXT_OF_IDS = re.compile(
    r"(?:trace|span|commit|sha\d*|digest|request|req|etag|md5|checksum|hash|uuid|revision|rev|image|container|pod|build|correlation|fingerprint|job|run)"
    r"[ _-]?(?:id)?[\"']?[ :=@]{1,3}[\"']?$",
    re.IGNORECASE,
)
