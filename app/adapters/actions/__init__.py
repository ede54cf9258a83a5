"""Hands: the runners that carry out exactly one approved action over HTTP or as a command."""

from app.adapters.actions.by_executor import RunnerByExecutor
from app.adapters.actions.command import CommandRunner
from app.adapters.actions.http import HttpRunner

__all__ = ["CommandRunner", "HttpRunner", "RunnerByExecutor"]
