"""The door to Slack: checks what comes in, keeps it, says so, and leaves the work to others."""
