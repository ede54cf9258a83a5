"""Inbound alerts: a bounded reader for bodies, and one parser per sender."""
