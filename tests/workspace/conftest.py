"""Fixtures for the local workspace."""

from collections.abc import AsyncIterator

import pytest

from tests.workspace.stage import Stage, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A friendly workspace."""
    async with staged() as made:
        yield made


@pytest.fixture
async def strict() -> AsyncIterator[Stage]:
    """A strict workspace, whose time stands still unless a test moves it on."""
    async with staged(mode="strict") as made:
        yield made
