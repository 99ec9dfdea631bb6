"""The clock everything happens by, and what is due when."""

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush
from random import Random

from tidemill_cli.demo.killbill.model import Account
from tidemill_cli.demo.killbill.rows import Rows

Job = Callable[[], None]
Invoicing = Callable[["World", Account], object]


class World:
    """Rows, a clock that only runs forwards, and jobs that wait for it."""

    def __init__(self, random: Random, start: datetime, base: int = 0) -> None:
        """Start with nothing at an instant; record ids begin after `base`."""
        self.random = random
        self.rows = Rows(random, base)
        self.now = start
        self._due: list[tuple[datetime, int, Job]] = []
        self._count = 0
        self._changed: list[Account] = []

    def at(self, when: datetime, job: Job) -> None:
        """Do something when its time comes."""
        self._count += 1
        heappush(self._due, (when, self._count, job))

    def changed(self, account: Account) -> None:
        """Say that there may be something new to bill."""
        if account not in self._changed:
            self._changed.append(account)

    def settle(self, invoice: Invoicing) -> None:
        """Bill what is new."""
        while self._changed:
            invoice(self, self._changed.pop(0))

    def run_until(self, until: datetime, invoice: Invoicing) -> None:
        """Let everything happen that is due up to an instant."""
        if until < self.now:
            message = f"the simulator's clock only runs forwards, and it is {self.now}"
            raise ValueError(message)
        while self._due and self._due[0][0] <= until:
            when, _, job = heappop(self._due)
            self.now = max(self.now, when)
            job()
            self.settle(invoice)
        self.now = until
