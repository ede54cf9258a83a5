"""Approval links for when the chat is down."""
