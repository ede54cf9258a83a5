"""Hands: the runners that carry out exactly one approved action, one module per executor."""

from app.adapters.actions.all_runners import runners
from app.adapters.actions.by_executor import RunnerByExecutor
from app.adapters.actions.command import CommandRunner
from app.adapters.actions.http import HttpRunner
from app.adapters.actions.manual import ManualRunner

__all__ = ["CommandRunner", "HttpRunner", "ManualRunner", "RunnerByExecutor", "runners"]
