"""`sitrep search` and `sitrep ask`: memory from the terminal."""

import argparse


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands."""
    search = commands.add_parser("search", help="find runbooks and past incidents")
    search.add_argument("text", nargs="+")
    search.add_argument("--top", type=int, default=5)
    search.set_defaults(run=_search)
    ask = commands.add_parser("ask", help="answer a question with citations")
    ask.add_argument("text", nargs="+")
    ask.set_defaults(run=_ask)


def _search(options: argparse.Namespace) -> int:
    from app.bootstrap import open_library
    from app.entrypoints.cli.main import settings_of

    library = open_library(settings_of(options))
    library.open(wait=True)
    found = library.search(" ".join(options.text), top=options.top)
    for passage in found.passages:
        print(
            f"{passage.score:.3f}  {passage.kind:9} {passage.id}: {passage.title}"
            + (f" > {passage.heading}" if passage.heading else "")
        )
    if not found.is_confident:
        print("Nothing in memory matches this well.")
    library.close()
    return 0 if found.is_confident else 1


def _ask(options: argparse.Namespace) -> int:
    from app.bootstrap import open_library, open_store
    from app.entrypoints.cli.main import settings_of
    from app.services.answer import AnswerQuestion

    settings = settings_of(options)
    library, store = open_library(settings), open_store(settings)
    library.open(wait=True)
    answer = AnswerQuestion(store, library, None)(" ".join(options.text))
    for sentence in answer.sentences:
        print(f"- {sentence}")
    for passage in answer.passages:
        print(f"  [{passage.id}] {passage.title}")
    print(f"({answer.tier})")
    library.close()
    store.close()
    return 0 if answer.is_confident else 1
