"""What the use cases need from outside. Adapters subclass these Protocols; `UnitOfWork` ties them to a transaction."""

from identity.usecases.ports.unit_of_work import Ports, Rules, Transaction, UnitOfWork

__all__ = ["Ports", "Rules", "Transaction", "UnitOfWork"]
