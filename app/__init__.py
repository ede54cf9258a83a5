"""Sitrep: an incident copilot that lives in Slack."""
