"""What an explanation is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tidemill_cli.money import format_amount


@dataclass(frozen=True)
class Rule:
    """An option in force that decided something."""

    option: str
    value: str
    effect: str


@dataclass(frozen=True)
class Check:
    """Two ways to one amount, or number, which must be equal."""

    what: str
    here: Decimal
    there: Decimal
    currency: str | None  # None of what is counted

    @property
    def holds(self) -> bool:
        """Whether they are equal, to the last digit."""
        return self.here == self.there

    def __str__(self) -> str:
        """As a person reads it."""
        here, there = (self._shown(value) for value in (self.here, self.there))
        if self.holds:
            return f"{self.what}: {here}, equal"
        return f"{self.what}: {here}, NOT {there}"

    def _shown(self, value: Decimal) -> str:
        if self.currency is None:
            return f"{value:,f}"
        shown = f"{self.currency} {format_amount(value, self.currency)}"
        # An inequality below the minor unit must be seen.
        return shown if self.holds else f"{shown} ({value.normalize():f})"


@dataclass(frozen=True)
class Step:
    """One link of the chain: lines to read, the rows they tell of, and the rules that applied."""

    title: str
    lines: Sequence[str]
    rows: Sequence[dict[str, Any]] = ()
    rules: Sequence[Rule] = ()
    checks: Sequence[Check] = ()


@dataclass(frozen=True)
class Explanation:
    """A number and the steps that lead to it."""

    title: str
    steps: list[Step] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether everything adds up."""
        return all(check.holds for step in self.steps for check in step.checks)


class Rules:
    """The options in force."""

    def __init__(self, options: dict[str, tuple[str, str]]) -> None:
        """Take each option's value and effect, by its name."""
        self._options = options

    def __getitem__(self, option: str) -> str:
        """The value of an option."""
        return self._options[option][0]

    def named(self, *options: str) -> list[Rule]:
        """These options, as far as the build knows them."""
        return [
            Rule(option, *self._options[option]) for option in options if option in self._options
        ]


def amount(value: Decimal | None, currency: str) -> str:
    """An amount with its currency."""
    return f"{currency} {format_amount(value or Decimal(0), currency)}"
