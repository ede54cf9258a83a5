"""What Alembic runs: the pending changes over the connection it is given."""

from alembic import context


def migrate() -> None:
    """Applies the pending changes; the caller owns the connection and its transaction."""
    from app.adapters.store.tables import METADATA

    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA,
        transactional_ddl=True,
        render_as_batch=True,
        compare_type=False,
    )
    with context.begin_transaction():
        context.run_migrations()


# Alembic loads this file under the name `env_py`; under its real name it is only imported, and importing does nothing.
if __name__ == "env_py":
    migrate()
