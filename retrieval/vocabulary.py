"""What operations people call the same thing: a question's words are widened with these, at a lower weight."""

from collections.abc import Mapping
from functools import cache

from retrieval.words import tokens

EXPANSION = 0.35  # a synonym counts a third of the word that was typed

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


def expansion(asked: Mapping[str, float]) -> dict[str, float]:
    """Words that mean the same as the asked ones and were not asked themselves, with their weights."""
    table = _table()
    added: dict[str, float] = {}
    for word, weight in asked.items():
        for synonym in table.get(word, ()):
            if synonym not in asked:
                added[synonym] = max(added.get(synonym, 0.0), weight * EXPANSION)
    return added


@cache
def _table() -> dict[str, tuple[str, ...]]:
    """For each single-word member of a group, the words of the whole group."""
    table: dict[str, dict[str, None]] = {}
    for line in _GROUPS.strip().splitlines():
        members = [tokens(member) for member in line.split(";")]
        words = dict.fromkeys(member[0] for member in members if len(member) == 1)
        for word in words:
            table.setdefault(word, {}).update({other: None for other in words if other != word})
    return {word: tuple(others) for word, others in table.items()}
