"""Metrics from Python: `connect().mrr(by="plan", last="12m")`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tidemill_cli.config import ConnectionOptions, resolve
from tidemill_cli.database.lookups import Lookups
from tidemill_cli.database.session import connect as open_session
from tidemill_cli.lookup import metrics
from tidemill_cli.lookup.answer import Answer, look_up
from tidemill_cli.lookup.movements import LIMIT, Movement, list_movements
from tidemill_cli.lookup.question import Asked, Question, grain_named, question

if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    from tidemill_cli.lookup import rows

    class Words(TypedDict, total=False):
        """What every look-up takes.

        `by` names dimensions to split by, `where` the values wanted of some; `segment` is one of
        `tidemill segments`, and `compare` names several to show side by side. `last` is how far
        back a series goes ("12m", "8w"), or `start` and `end` its first and last day; `as_of` asks
        for the one period that holds a day.
        """

        by: str | Sequence[str]
        where: Mapping[str, str | Sequence[str]]
        currency: str
        source: str
        tenant: str
        segment: str
        compare: Sequence[str]
        grain: str
        last: str
        start: str | date
        end: str | date
        as_of: str | date


class Client:
    """Looks metrics up in one database; closed by `close` or at the end of a `with` block.

    Every look-up returns an `Answer`: typed rows, their `.sql` and `.to_pandas()`. Raises
    TidemillError, with a sentence, where a question makes no sense or cannot be answered.
    """

    def __init__(self, where: ConnectionOptions, application_name: str) -> None:
        """Open a session; raises TidemillError where that cannot be done."""
        connection = resolve(where)
        self._session = open_session(connection, application_name)
        self._lookups = Lookups(self._session, connection.schema)

    def __enter__(self) -> Self:
        """Close at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def answer(self, asked: Question) -> Answer[Any]:
        """What the database says to a question."""
        return look_up(self._lookups, asked)

    def list_movements(
        self, asked: Question, customer: str | None = None, limit: int = LIMIT
    ) -> tuple[list[Movement], str]:
        """Movements one by one, the latest first, and the statement that gave them."""
        return list_movements(self._lookups, asked, customer, limit)

    def mrr(self, **words: Unpack[Words]) -> Answer[rows.Mrr]:
        """Monthly recurring revenue: one level, or a series."""
        return self._ask(metrics.MRR, words)

    def arr(self, **words: Unpack[Words]) -> Answer[rows.Arr]:
        """Annual run rate: one level, or a series."""
        return self._ask(metrics.ARR, words)

    def movements(self, **words: Unpack[Words]) -> Answer[rows.Movements]:
        """What changed MRR, by type and reason."""
        return self._ask(metrics.MOVEMENTS, words)

    def waterfall(self, **words: Unpack[Words]) -> Answer[rows.Waterfall]:
        """How MRR got from the opening to the closing of each period."""
        return self._ask(metrics.WATERFALL, words)

    def churn(self, **words: Unpack[Words]) -> Answer[rows.Churn]:
        """Customers and MRR lost."""
        return self._ask(metrics.CHURN, words)

    def retention(self, **words: Unpack[Words]) -> Answer[rows.Retention]:
        """Net and gross revenue retention, and customer retention."""
        return self._ask(metrics.RETENTION, words)

    def cohorts(self, **words: Unpack[Words]) -> Answer[rows.Cohorts]:
        """What is left of those who began in one period."""
        return self._ask(metrics.COHORTS, words)

    def arpa(self, **words: Unpack[Words]) -> Answer[rows.Arpa]:
        """Average revenue per account."""
        return self._ask(metrics.ARPA, words)

    def ltv(self, **words: Unpack[Words]) -> Answer[rows.Ltv]:
        """Lifetime value."""
        return self._ask(metrics.LTV, words)

    def trials(self, **words: Unpack[Words]) -> Answer[rows.Trials]:
        """Trials and what became of them."""
        return self._ask(metrics.TRIALS, words)

    def customers(self, **words: Unpack[Words]) -> Answer[rows.Customers]:
        """Paying customers and subscriptions."""
        return self._ask(metrics.CUSTOMERS, words)

    def usage(self, **words: Unpack[Words]) -> Answer[rows.Usage]:
        """Usage billed."""
        return self._ask(metrics.USAGE, words)

    def concentration(self, **words: Unpack[Words]) -> Answer[rows.Concentration]:
        """Shares of the largest customers."""
        return self._ask(metrics.CONCENTRATION, words)

    def committed(self, **words: Unpack[Words]) -> Answer[rows.Committed]:
        """MRR in some days by what is scheduled already."""
        return self._ask(metrics.COMMITTED, words)

    def cac(self, **words: Unpack[Words]) -> Answer[rows.Cac]:
        """What a new customer costs."""
        return self._ask(metrics.CAC, words)

    def _ask(self, metric: metrics.Metric[Any], words: Words) -> Answer[Any]:
        grain = words.get("grain")
        return self.answer(
            question(
                metric,
                Asked(
                    by=_several(words.get("by", ())),
                    where={
                        name: _several(values) for name, values in words.get("where", {}).items()
                    },
                    currency=words.get("currency"),
                    source=words.get("source"),
                    tenant=words.get("tenant"),
                    segment=words.get("segment"),
                    compare=words.get("compare", ()),
                    grain=grain_named(grain) if grain else None,
                    start=_day(words.get("start", words.get("last"))),
                    end=_day(words.get("end")),
                    as_of=_day(words.get("as_of")),
                ),
            )
        )


def _several(values: str | Sequence[str]) -> list[str]:
    return [values] if isinstance(values, str) else list(values)


def _day(value: str | date | None) -> str | None:
    return value.isoformat() if isinstance(value, date) else value
