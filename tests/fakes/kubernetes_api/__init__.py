"""A Kubernetes API server of our own: the parts Sitrep uses, with the real one's conflicts, validation, dry runs and errors."""

from tests.fakes.kubernetes_api.server import ApiServer, serving
from tests.fakes.kubernetes_api.state import Fault, State

__all__ = ["ApiServer", "Fault", "State", "serving"]
