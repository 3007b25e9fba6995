"""The interfaces that use cases require. Adapters subclass the Protocols and `UnitOfWork`."""

from identity.usecases.ports.unit_of_work import Ports, Rules, Transaction, UnitOfWork

__all__ = ["Ports", "Rules", "Transaction", "UnitOfWork"]
