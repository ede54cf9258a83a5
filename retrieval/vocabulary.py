"""What operations people call the same thing, written words and slang alike: a question's words are widened with these."""

from collections.abc import Sequence
from functools import cache

from retrieval.words import tokens

SYNONYM = 0.5  # a synonym counts less than half of the word that was typed
SLANG = 0.7  # slang hardly ever stands in a runbook: what it means counts almost as if it had been typed
LONGEST_PHRASE = 4

# one meaning a line, any member brings the others
_GROUPS = """
disk; volume; filesystem; storage; mount; partition; inode
full; exhausted; filling; out of space; no space left; enospc; disk pressure; ephemeral storage; almost full
memory; heap; ram; oom; oomkilled; out of memory; rss
killed; evicted; terminated; sigkill
leak; climbs; grows; growing; increasing; rising
slow; latency; delay; sluggish; lag; duration; p95; p99; response time; takes long; takes forever; ages; slowness
timeout; timed out; deadline exceeded; hangs; hanging; stuck; waiting; unresponsive
error; failure; fail; failing; exception; fault; broken; crash
5xx; 500; 502; 503; 504; internal server error; bad gateway; service unavailable; server errors
429; throttled; throttling; rate limit; quota; too many requests
down; unavailable; unreachable; outage; offline; not responding; dead; absent; gone; missing
restart; restarting; crashloop; crashloopbackoff; crash looping; bounce; reboot
deploy; deployment; release; rollout; ship; version; upgrade
rollback; revert; roll back; undo
config; configuration; setting; parameter; value; flag; toggle
traffic; load; requests; rps; qps; throughput; surge; spike
saturation; saturated; overloaded; overload; capacity; busy; maxed out
queue; backlog; job; worker; sidekiq; celery; pending; unprocessed
consumer lag; offset; kafka; topic
database; db; postgres; postgresql; mysql; sql; rds
replica; replication; standby; secondary; slave; follower
primary; master; leader; writer
lock; deadlock; blocked; contention; blocking
connection pool; connections; pool; hikari; pgbouncer; max connections; db handle
certificate; cert; tls; ssl; x509; https; handshake
expired; expiry; expires; expiring; expiration; run out; renew; rotate
token; credential; password; secret; api key; key
dns; resolve; resolver; nxdomain; servfail; name resolution; lookup; getaddrinfo; coredns
node; host; machine; instance; server; vm
pod; container; workload
cluster; kubernetes; k8s; eks; aks; gke
cpu; processor; throttled cpu; cfs; load average; cores
cache; redis; memcached; evictions; hit ratio; elasticache
network; packet loss; connectivity; connection refused; connection reset
proxy; gateway; ingress; load balancer; router; nginx; edge
clock; time; ntp; skew; drift; chrony
backup; snapshot; restore; dump
third party; provider; vendor; upstream; external; dependency; partner
email; mail; mails; notification; digest
search; elasticsearch; opensearch; index; shard
scrape; metrics; monitoring; prometheus; grafana; dashboard
login; sign in; authentication; auth; oauth; sso; signon
pay; payment; purchase; checkout; order; card
schedule; scheduled; cron; cronjob; nightly; overdue
sync; mirror; copy; transfer
ingest; ingestion; write; insert; remote write
query; read; select; promql
duplicate; duplication; twice; repeated
cleanup; retention; compaction; compression; vacuum; housekeeping; maintenance
scale; autoscaler; hpa; replicas
partial; degraded; unhealthy; not ready; notready; health check; readiness; liveness
"""

# what people type in a hurry: what it means
_SLANG = """
pegged, maxed, maxed out, redlining, melting, at 100: saturated; cpu; high; overload
falling over, fell over, fall over, keeling over, toppled, tipping over: crash; fail; down; overload
on fire, burning, melting down: overload; error; high; outage
oomed, ooming, oom killed, ate all the ram, eats ram, memory hog: oom; memory; killed
borked, busted, hosed, toast, kaput, fubar, screwed, wedged, janky, wonky: failure; broken; error; stuck
barf, barfs, barfing, blew up, blows up, bombing, bombed, choking, chokes, puking, throwing up: error; failure; crash
crawling, crawls, sluggish, laggy, snail, molasses, dog slow, takes ages, forever: slow; latency
hammered, hammering, slammed, swamped, flooded, flooding, drowning, bombarded, stampede: traffic; load; overload; requests; spike
dying, dies, died, dead, croaked, went dark, dark, kicked the bucket, gone: down; unavailable; killed; terminated
flapping, flaps, bouncing, yo-yo: restart; unstable; crash
boxes, box, servers, machines: node; host; instance; server
shipped, pushed, rolled out, went out, went live: deploy; release
go back, back out, undo: rollback; revert
ballooning, balloons, blowing up, exploding, through the roof, skyrocketing, shot up: high; grows; increase
stuck, hung, frozen, wedged: blocked; hanging; waiting; timeout
running out, nearly out, almost out, basically out: full; exhausted; low
kicked out, booted, thrown out: evicted; rebalance; logout
backed up, piling up, pile up, clogged, jammed: backlog; queue; pending
gone quiet, silent, missing data, no data, flatlined: absent; missing; stale
out of date, old data, stale: lag; behind; stale
can't keep up, not keeping up, behind: lag; backlog; behind
lost quorum, split brain, no leader: quorum; leader; election
read only, readonly: read-only; disk; full
locked out, kicked, can't log in, cannot sign in: login; authentication; denied
"""

Way = tuple[tuple[str, ...], float]


def synonyms(words: Sequence[str]) -> dict[int, list[Way]]:
    """Other ways to say what stands at each place of the question: words, or words that must stand together, with weights.

    A phrase ("no space left") is recognised where its words follow one another, and belongs to its first word.
    """
    table = _table()
    found: dict[int, list[Way]] = {}
    for place in range(len(words)):
        for length in range(LONGEST_PHRASE, 0, -1):
            ways = table.get(tuple(words[place : place + length])) if place + length <= len(words) else None
            if ways:
                found[place] = list(ways)
                break
    return found


def said_plainly(text: str) -> str:
    """The text, followed by what its slang means; the same text where there is none. Encoders never learnt "boxes pegged"."""
    words = tokens(text)
    meanings = dict.fromkeys(
        _meanings().get(tuple(words[place : place + length]), "")
        for place in range(len(words))
        for length in range(LONGEST_PHRASE, 0, -1)
        if place + length <= len(words)
    )
    found = [meaning for meaning in meanings if meaning]
    return f"{text.rstrip('. ')}. {'. '.join(found)}" if found else text


@cache
def _meanings() -> dict[tuple[str, ...], str]:
    lines = (line.partition(":") for line in _SLANG.strip().splitlines())
    return {
        stems: meant.replace(";", "").strip()
        for typed, _, meant in lines
        for slang in typed.split(",")
        if (stems := tuple(tokens(slang)))
    }


@cache
def _table() -> dict[tuple[str, ...], tuple[Way, ...]]:
    table: dict[tuple[str, ...], dict[tuple[str, ...], float]] = {}
    for line in _GROUPS.strip().splitlines():
        members = list(dict.fromkeys(stems for member in line.split(";") if (stems := tuple(tokens(member)))))
        for member in members:
            known = table.setdefault(member, {})
            known.update({other: SYNONYM for other in members if other != member})
    for line in _SLANG.strip().splitlines():
        typed, _, meant = line.partition(":")
        meanings = [tuple(tokens(meaning)) for meaning in meant.split(";")]
        for slang in typed.split(","):
            stems = tuple(tokens(slang))
            if stems:
                known = table.setdefault(stems, {})
                known.update({meaning: SLANG for meaning in meanings if meaning and meaning != stems})
    return {member: tuple(ways.items()) for member, ways in table.items()}
