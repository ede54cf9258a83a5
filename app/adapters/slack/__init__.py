"""Slack: how Sitrep's messages are drawn, sent and trusted."""
