"""Commands: passwords on the command lines of well-known programs, where only the program says which word is one."""

# ruff: noqa: E501 - one program per line
import re
from collections.abc import Iterator

from app.domain.redaction import values
from app.domain.redaction.checks import is_random
from app.domain.redaction.span import Span

_COMMANDS = re.compile(
    r"(?<!\S)(?:mysql\w{0,12}|mariadb\w{0,12}|mysqldump)\b[^\n|;]{0,120}? -p(?P<a>[^\s'\"=]{3,100})"
    r"|(?<!\S)(?:curl|wget|http|https)\b[^\n|;]{0,300}?(?: -u| --user| -a| --auth| --proxy-user)[ =]?[\"']?[^\s:'\"]{1,80}:(?P<b>[^\s'\"]{2,200})"
    r"|(?<!\S)(?:redis-cli)\b[^\n|;]{0,120}? -a[ =]?(?P<c>[^\s]{3,200})"
    r"|(?<!\S)(?:sshpass|docker login|podman login|az login|mongo\w{0,8}|mongosh|cqlsh|htpasswd|sqlcmd|7za?|unrar|zip|unzip|amqp-\w{2,12}|rabbitmqadmin|influx|clickhouse-client|"
    r"ansible-vault|helm registry login|oc login|crane auth login|vncviewer|mosquitto_\w{3})\b[^\n|;]{0,160}? -[pPW][ =]?(?P<d>[^\s-][^\s]{2,200})"
    r"|(?<!\S)ldap\w{3,8}\b[^\n|;]{0,160}? -w[ =]?(?P<e>[^\s-][^\s]{2,200})"
    r"|(?:-passin|-passout|-pass)[ =](?:pass:)(?P<f>[^\s]{2,200})"
    r"|(?<!\S)htpasswd -\w{0,4}b\w{0,4} [^\s]{1,80}(?: [^\s]{1,60})? (?P<g>[^\s]{4,100})"
    r"|(?<!\S)(?:smbclient|rpcclient|net)\b[^\n|;]{0,160}? -U ?[^\s%]{1,80}%(?P<h>[^\s]{2,200})"
    r"|(?<!\S)net use\b[^\n]{0,120}? /user:[^\s]{1,60} (?P<p>[^\s]{3,100})"
    r"|jdbc:oracle:thin:[^\s/@]{1,60}/(?P<q>[^\s@/]{2,100})@"
    r"|(?<!\S)sqlplus [^\s/]{1,60}/(?P<i>[^\s@/]{2,100})@"
    r"|identified (?:with [\w_]{2,40} )?by (?:password )?[\"']?(?P<j>[^\s\"';]{3,200})"
    r"|requirepass (?P<k>[^\s]{3,200})|masterauth (?P<l>[^\s]{3,200})|(?<![A-Za-z])AUTH (?:default )?(?P<m>[^\s\"']{6,200})"
    r"|(?:login|password) [^\s]{1,80} password (?P<n>[^\s]{3,200})|(?<!\S)vault login (?P<o>[\w.-]{10,200})",
    re.IGNORECASE,
)
_HINTS = ("mysql", "mariadb", "curl", "wget", "http ", "redis-cli", "sshpass", " login", "mongo", "ldap", "-pass", "htpasswd", "smbclient", "rpcclient",
               "net ", "sqlplus", "oracle:thin", "sqlcmd", "7z", "zip", "identified", "requirepass", "masterauth", "auth ", "cqlsh", "rabbitmqadmin", "influx", "clickhouse", "mosquitto", "machine ")  # fmt: skip


def find_in_commands(text: str, lower: str) -> Iterator[Span]:
    """Every password in a command line; `lower` is the text in lower case."""
    if not any(hint in lower for hint in _HINTS):
        return
    for match in _COMMANDS.finditer(text):
        name = match.lastgroup
        if name and not values.is_placeholder(match[name].strip("\"'")) and not (name == "m" and not is_random(match[name])):
            yield Span(*match.span(name), "SECRET:password")
