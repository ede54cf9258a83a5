"""Everything that can go wrong in retrieval, as one tree.

RetrievalError
  DocumentRefused      one document cannot be read; the others can
  EncoderUnavailable   no vectors can be made; search goes on with words alone
  StoreUnavailable     stored vectors cannot be read or written; search goes on with words alone
  BadInput             an evaluation was given something it cannot use
"""


class RetrievalError(Exception):
    """Base of everything this library raises on purpose."""


class DocumentRefused(RetrievalError):
    """A document cannot be read; the message names the file, the reason and what to do."""


class EncoderUnavailable(RetrievalError):
    """The embedding model cannot be used; the message says why."""


class StoreUnavailable(RetrievalError):
    """The vector store cannot be opened, read or written; the message says why. It can be rebuilt from the documents."""


class BadInput(RetrievalError):
    """An evaluation file or folder is unusable; the message is one line for the person who typed the command."""
