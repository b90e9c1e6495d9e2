"""The fault proxy, under the name tests know it by; the demo uses the same one."""

from callpost_sandbox.proxy import Fault, FaultKind, FaultProxy, SeenRequest

__all__ = ["Fault", "FaultKind", "FaultProxy", "SeenRequest"]
