"""What GitHub, GitLab, Argo CD and scripts say about deployments, as documented."""

GITHUB_DEPLOYMENT = {
    "action": "created",
    "deployment_status": {
        "id": 1115122403,
        "state": "success",
        "creator": {"login": "octocat", "type": "User"},
        "description": "",
        "environment": "production",
        "target_url": "https://ci.example.com/42",
        "created_at": "2026-11-24T02:58:00Z",
        "updated_at": "2026-11-24T02:58:00Z",
        "log_url": "https://ci.example.com/42/log",
    },
    "deployment": {
        "id": 145988746,
        "sha": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e",
        "ref": "v1.4.2",
        "task": "deploy",
        "payload": {},
        "environment": "production",
        "creator": {"login": "alice"},
        "created_at": "2026-11-24T02:57:00Z",
    },
    "repository": {"id": 17, "name": "checkout", "full_name": "acme/checkout", "default_branch": "main"},
    "sender": {"login": "alice"},
}
GITHUB_PUSH = {
    "ref": "refs/heads/main",
    "before": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
    "after": "0000000000000000000000000000000000000001",
    "deleted": False,
    "compare": "https://github.com/acme/checkout/compare/6113728f27ae...000000000001",
    "commits": [{"id": "1", "message": "Halve the pool"}, {"id": "2", "message": "Test it"}],
    "head_commit": {"id": "2", "message": "Test it\n\nLong story", "timestamp": "2026-11-20T10:00:00+01:00"},
    "repository": {"name": "checkout", "full_name": "acme/checkout", "default_branch": "main", "pushed_at": 1795489100},
    "pusher": {"name": "alice", "email": "alice@example.com"},
    "sender": {"login": "alice"},
}
GITHUB_WORKFLOW = {
    "action": "completed",
    "workflow_run": {
        "id": 30433642,
        "name": "Deploy to production",
        "path": ".github/workflows/deploy.yml",
        "head_branch": "main",
        "head_sha": "acb5820ced9479c074f688cc328bf03f341a511d",
        "status": "completed",
        "conclusion": "success",
        "actor": {"login": "alice"},
        "html_url": "https://github.com/acme/checkout/actions/runs/30433642",
        "updated_at": "2026-11-24T02:58:00Z",
    },
    "repository": {"name": "checkout", "full_name": "acme/checkout", "default_branch": "main"},
    "sender": {"login": "alice"},
}
GITLAB_DEPLOYMENT = {
    "object_kind": "deployment",
    "status": "success",
    "status_changed_at": "2026-11-24 03:58:00 +0100",
    "deployment_id": 15,
    "deployable_id": 796,
    "deployable_url": "https://gitlab.example.com/acme/checkout/-/jobs/796",
    "environment": "production",
    "environment_tier": "production",
    "project": {
        "id": 30,
        "name": "checkout",
        "web_url": "https://gitlab.example.com/acme/checkout",
        "path_with_namespace": "acme/checkout",
        "default_branch": "main",
    },
    "ref": "main",
    "short_sha": "279484c0",
    "user": {"id": 1, "name": "Alice", "username": "alice"},
    "commit_title": "Halve the pool",
}
ARGOCD = {
    "argocd": {
        "app": "checkout",
        "namespace": "production",
        "phase": "Succeeded",
        "revision": "acb5820ced9479c074f688cc328bf03f341a511d",
        "finished_at": "2026-11-24T02:58:00Z",
        "link": "https://argocd.example.com/applications/checkout",
    }
}
DEPLOY = {
    "service": "checkout",
    "kind": "deploy",
    "text": "Halve the pool",
    "at": "2026-11-24T02:58:00Z",
    "version": "1.4.2",
    "link": "https://ci.example.com/42",
}
