"""Durable hands: tasks on DBOS."""
