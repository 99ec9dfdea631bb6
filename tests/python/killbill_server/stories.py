"""What customers do, and what that is in MRR: written by hand, from the catalog's prices.

basic 20 a month (18 in euros) after two weeks, pro 50 (45), or 480 (432) a year, or 135 (120) a
quarter; basic-weekly 7 (6) a week; pro-launch half of pro for three months; basic-term 30 a month
for two months; support 15; metered 10 and calls. The north changes its catalog twice, see VERSIONS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from .catalogs import BASIC_WEEKLY, PLANS, PRO, Phase, Plan, catalog
from .rest import TEST_TAG
from .world import Customer

Cast = Mapping[str, Customer]
Act = Callable[[Cast], None]


@dataclass(frozen=True)
class Trial:
    """A trial, and the day on which it was given up, if it was."""

    started: str
    ends: str
    cancelled: str | None = None


@dataclass(frozen=True)
class Line:
    """What was billed, for which days, and what of it was paid back."""

    kind: str
    first: str | None
    until: str | None
    amount: str
    refunded: str = "0.00"


@dataclass(frozen=True)
class Story:
    """One customer: the days with what was done, and the days with what became of its MRR."""

    acts: Mapping[str, Act] = field(default_factory=dict)
    movements: Sequence[tuple[str, str, str]] = ()
    trials: Sequence[Trial] = ()
    # Of the first three months; of some.
    lines: Sequence[Line] | None = None
    has_card: bool = True
    parent: str | None = None
    currency: str = "USD"
    zone: str = "UTC"
    country: str = "US"
    tenant: str = "north"


STORIES = {
    # A trial that converts, an upgrade at once, a downgrade and an annual plan.
    "ada": Story(
        zone="America/New_York",
        acts={
            "2024-01-02": lambda cast: cast["ada"].start("basic-monthly"),
            "2024-02-10": lambda cast: cast["ada"].change("pro-monthly"),
            # Billed on the 16th.
            "2024-07-10": lambda cast: cast["ada"].change("basic-monthly", "END_OF_TERM"),
            "2025-01-20": lambda cast: cast["ada"].change("pro-annual"),
        },
        movements=[
            ("2024-01-16", "new", "20"),
            ("2024-02-10", "expansion", "30"),
            ("2024-07-16", "contraction", "-30"),
            ("2025-01-20", "expansion", "20"),
        ],
        trials=[Trial("2024-01-02", "2024-01-16")],
    ),
    # Cancels, thinks better of it, cancels: at once for what he may use, but paid until the 5th.
    "ben": Story(
        zone="Europe/Berlin",
        country="DE",
        currency="EUR",
        acts={
            "2024-01-05": lambda cast: cast["ben"].start("pro-monthly"),
            "2024-01-20": lambda cast: cast["ben"].cancel("END_OF_TERM"),
            "2024-01-25": lambda cast: cast["ben"].uncancel(),
            "2024-02-20": lambda cast: cast["ben"].cancel("IMMEDIATE", "END_OF_TERM"),
            # The second version of the catalog has another price.
            "2024-09-02": lambda cast: cast["ben"].start("pro-monthly", "again"),
        },
        movements=[
            ("2024-01-05", "new", "45"),
            ("2024-03-05", "churn", "-45"),
            ("2024-09-02", "reactivation", "54"),
            ("2025-02-01", "expansion", "9"),
        ],
    ),
    # A discount that ends; in Tokyo it is the 11th already.
    "chi": Story(
        zone="Asia/Tokyo",
        country="JP",
        acts={
            "2024-01-10": lambda cast: cast["chi"].start("pro-launch"),
            "2025-02-20": lambda cast: cast["chi"].cancel("END_OF_TERM"),
        },
        movements=[
            ("2024-01-10", "new", "25"),
            ("2024-04-10", "expansion", "25"),
            ("2025-03-10", "churn", "-50"),
        ],
    ),
    # Leaves within the trial.
    "dan": Story(
        zone="America/Los_Angeles",
        acts={
            "2024-01-12": lambda cast: cast["dan"].start("basic-monthly"),
            "2024-01-20": lambda cast: cast["dan"].cancel("IMMEDIATE"),
        },
        trials=[Trial("2024-01-12", "2024-01-26", "2024-01-20")],
    ),
    # Paid for a year, paused for two weeks of it.
    "eve": Story(
        acts={
            "2024-01-15": lambda cast: cast["eve"].start("pro-annual"),
            "2024-02-15": lambda cast: cast["eve"].pause(),
            "2024-03-01": lambda cast: cast["eve"].resume(),
            "2025-06-01": lambda cast: cast["eve"].change("pro-monthly"),
        },
        movements=[
            ("2024-01-15", "new", "40"),
            ("2024-02-15", "churn", "-40"),
            ("2024-03-01", "reactivation", "40"),
            ("2025-06-01", "expansion", "30"),
        ],
    ),
    # By the week, which costs 8 for everybody from the 15th of March on.
    "fay": Story(
        acts={
            "2024-01-08": lambda cast: cast["fay"].start("basic-weekly"),
            "2024-10-07": lambda cast: cast["fay"].cancel("IMMEDIATE"),
        },
        movements=[
            ("2024-01-08", "new", "30.3333"),
            ("2024-03-15", "expansion", "4.3333"),
            ("2024-10-07", "churn", "-34.6667"),
        ],
    ),
    # Two months, and it is over without a word.
    "gus": Story(
        acts={"2024-01-20": lambda cast: cast["gus"].start("basic-term")},
        movements=[("2024-01-20", "new", "30"), ("2024-03-20", "churn", "-30")],
    ),
    # A price of his own, until he changes to the one of the list.
    "hal": Story(
        acts={
            "2024-02-01": lambda cast: cast["hal"].start("pro-monthly", price="42.00"),
            "2024-12-01": lambda cast: cast["hal"].change("pro-monthly"),
        },
        movements=[
            ("2024-02-01", "new", "42"),
            ("2024-12-01", "expansion", "18"),
            ("2025-02-01", "expansion", "10"),
        ],
    ),
    # An add-on for a month; later the base goes, and takes one with it.
    "ivy": Story(
        acts={
            "2024-02-03": lambda cast: cast["ivy"].start("pro-monthly"),
            "2024-02-13": lambda cast: cast["ivy"].start("support-monthly", "help", onto="main"),
            "2024-03-13": lambda cast: cast["ivy"].cancel("IMMEDIATE", key="help"),
            "2025-04-01": lambda cast: cast["ivy"].start("support-monthly", "more", onto="main"),
            "2025-06-10": lambda cast: cast["ivy"].cancel("IMMEDIATE"),
        },
        movements=[
            ("2024-02-03", "new", "50"),
            ("2024-02-13", "expansion", "15"),
            ("2024-03-13", "contraction", "-15"),
            ("2025-02-01", "expansion", "20"),
            ("2025-04-01", "expansion", "15"),
            ("2025-06-10", "churn", "-85"),
        ],
    ),
    # Hands his subscription over: it is kim's, all along.
    "jon": Story(
        acts={
            "2024-02-05": lambda cast: cast["jon"].start("pro-monthly"),
            "2024-02-25": lambda cast: cast["jon"].hand_over(cast["kim"], "IMMEDIATE"),
        },
    ),
    "kim": Story(
        acts={
            # Said before, with the days.
            "2024-03-10": lambda cast: cast["kim"].pause("2024-03-13"),
            "2024-03-14": lambda cast: cast["kim"].resume("2024-03-20"),
        },
        movements=[
            ("2024-02-05", "new", "50"),
            ("2024-03-13", "churn", "-50"),
            ("2024-03-20", "reactivation", "50"),
            ("2025-02-01", "expansion", "20"),
        ],
    ),
    # A change at the end of the term that is taken back, and one that is not.
    "liz": Story(
        acts={
            "2024-01-09": lambda cast: cast["liz"].start("pro-monthly"),
            "2024-01-20": lambda cast: cast["liz"].change("pro-annual", "END_OF_TERM"),
            "2024-01-25": lambda cast: cast["liz"].undo_change(),
            "2024-02-01": lambda cast: cast["liz"].change("pro-quarterly", "END_OF_TERM"),
            "2025-10-20": lambda cast: cast["liz"].cancel("END_OF_TERM"),
        },
        movements=[
            ("2024-01-09", "new", "50"),
            ("2024-02-09", "contraction", "-5"),
            ("2025-11-09", "churn", "-45"),
        ],
    ),
    # Another day of the month for the bill.
    "max": Story(
        acts={
            "2024-01-11": lambda cast: cast["max"].start("pro-monthly"),
            "2024-01-20": lambda cast: cast["max"].move_bill_day(1),
        },
        movements=[("2024-01-11", "new", "50"), ("2025-02-01", "expansion", "20")],
    ),
    # Trials of February and March.
    "nia": Story(
        acts={"2024-02-20": lambda cast: cast["nia"].start("basic-monthly", price="17.50")},
        movements=[("2024-03-05", "new", "17.50")],
        trials=[Trial("2024-02-20", "2024-03-05")],
    ),
    "oli": Story(
        acts={"2024-03-25": lambda cast: cast["oli"].start("basic-monthly")},
        movements=[("2024-04-08", "new", "20")],
        trials=[Trial("2024-03-25", "2024-04-08")],
    ),
    # The mother pays, but the customer is the daughter.
    "pam": Story(),
    "pia": Story(
        has_card=False,
        parent="pam",
        acts={"2024-02-09": lambda cast: cast["pia"].start("pro-monthly")},
        movements=[("2024-02-09", "new", "50"), ("2025-02-01", "expansion", "20")],
    ),
    # Cancels for the end of the term, which in a trial is now.
    "quy": Story(
        acts={
            "2024-03-03": lambda cast: cast["quy"].start("basic-monthly"),
            "2024-03-08": lambda cast: cast["quy"].cancel("END_OF_TERM"),
        },
        trials=[Trial("2024-03-03", "2024-03-17", "2024-03-08")],
    ),
    # Hands a trial over, which goes on.
    "rob": Story(
        acts={
            "2024-03-01": lambda cast: cast["rob"].start("basic-monthly"),
            "2024-03-06": lambda cast: cast["rob"].hand_over(cast["sue"], "IMMEDIATE"),
        },
    ),
    "sue": Story(
        movements=[("2024-03-15", "new", "20")],
        trials=[Trial("2024-03-01", "2024-03-15")],
    ),
    # Nobody: an account for tests.
    "tim": Story(
        acts={
            "2024-01-03": lambda cast: cast["tim"].tag(TEST_TAG),
            "2024-01-04": lambda cast: cast["tim"].start("pro-monthly"),
        },
    ),
    # Pays for calls, too.
    "uma": Story(
        acts={
            "2024-02-07": lambda cast: cast["uma"].start("metered-monthly"),
            "2024-02-20": lambda cast: cast["uma"].use({"2024-02-18": 7, "2024-02-19": 5}),
            "2025-08-01": lambda cast: cast["uma"].cancel("END_OF_TERM"),
        },
        movements=[("2024-02-07", "new", "10"), ("2025-08-07", "churn", "-10")],
        lines=[
            Line("recurring", "2024-02-07", "2024-03-07", "10.00"),
            # 12 calls at 0.50.
            Line("usage", "2024-02-07", "2024-03-07", "6.00"),
            Line("recurring", "2024-03-07", "2024-04-07", "10.00"),
        ],
    ),
    # Money back, and money on top, which is not MRR.
    "vic": Story(
        acts={
            "2024-01-22": lambda cast: cast["vic"].start("pro-monthly"),
            "2024-01-30": lambda cast: cast["vic"].take_back("10.00"),
            "2024-01-31": lambda cast: cast["vic"].haggle("5.00"),
            "2024-02-12": lambda cast: cast["vic"].be_charged("99.00"),
            "2024-02-14": lambda cast: cast["vic"].be_credited("30.00"),
        },
        movements=[("2024-01-22", "new", "50"), ("2025-02-01", "expansion", "20")],
        # A credit is money that was given, and no line.
        lines=[
            Line("recurring", "2024-01-22", "2024-02-22", "50.00", refunded="10.00"),
            Line("one_off", None, None, "99.00"),
            Line("recurring", "2024-02-22", "2024-03-22", "50.00"),
            Line("recurring", "2024-03-22", "2024-04-22", "50.00"),
        ],
    ),
    # Leaves at once, and is paid back in credit; comes back after the new catalog.
    "wes": Story(
        acts={
            "2024-01-25": lambda cast: cast["wes"].start("pro-quarterly"),
            "2024-02-28": lambda cast: cast["wes"].cancel("IMMEDIATE"),
            "2024-03-07": lambda cast: cast["wes"].start("pro-monthly", "again"),
        },
        movements=[
            ("2024-01-25", "new", "45"),
            ("2024-02-28", "churn", "-45"),
            ("2024-03-07", "reactivation", "60"),
            ("2025-02-01", "expansion", "10"),
        ],
        lines=[
            Line("recurring", "2024-01-25", "2024-04-25", "135.00"),
            # 57 of 91 days were not used.
            Line("recurring", "2024-02-28", "2024-04-25", "-84.56"),
            Line("recurring", "2024-03-07", "2024-04-07", "60.00"),
        ],
    ),
    # Closes the account, and had paid until the 4th.
    "xan": Story(
        acts={
            "2024-03-04": lambda cast: cast["xan"].start("pro-monthly"),
            "2024-03-18": lambda cast: cast["xan"].close(),
        },
        movements=[("2024-03-04", "new", "60"), ("2024-04-04", "churn", "-60")],
    ),
    # Pays late: twenty days after the first bill it is neither served nor billed.
    "yan": Story(
        tenant="south",
        currency="EUR",
        country="FR",
        zone="Europe/Paris",
        has_card=False,
        acts={
            "2024-02-08": lambda cast: cast["yan"].start("pro-monthly"),
            "2024-03-06": lambda cast: cast["yan"].pay(),
        },
        movements=[
            ("2024-02-08", "new", "45"),
            ("2024-02-28", "churn", "-45"),
            ("2024-03-06", "reactivation", "45"),
        ],
    ),
    # Another tenant's: its catalog stays as it is.
    "zoe": Story(
        tenant="south",
        currency="EUR",
        country="FR",
        zone="Europe/Paris",
        acts={
            "2024-02-06": lambda cast: cast["zoe"].start("pro-monthly"),
            "2024-11-15": lambda cast: cast["zoe"].cancel("END_OF_TERM"),
        },
        movements=[("2024-02-06", "new", "45"), ("2024-12-06", "churn", "-45")],
    ),
}


def _month(usd: str, eur: str, period: str = "MONTHLY") -> list[Phase]:
    return [Phase("EVERGREEN", period, {"USD": usd, "EUR": eur})]


def _version(effective: datetime, *changed: Plan) -> str:
    plans = {plan.name: plan for plan in (*PLANS, *changed)}
    return catalog(effective, list(plans.values()))


_WEEKLY = replace(BASIC_WEEKLY, phases=_month("8.00", "7.00", "WEEKLY"))
# The catalogs of the north, and the days on which they are uploaded.
VERSIONS = {
    # Pro is dearer for who chooses it from now on; a week for everybody, two weeks later.
    "2024-02-20": _version(
        datetime(2024, 3, 1, tzinfo=UTC),
        replace(PRO, phases=_month("60.00", "54.00")),
        replace(_WEEKLY, existing_from=datetime(2024, 3, 15, tzinfo=UTC)),
    ),
    # Pro, for everybody.
    "2024-12-20": _version(
        datetime(2025, 1, 1, tzinfo=UTC),
        replace(
            PRO,
            phases=_month("70.00", "63.00"),
            existing_from=datetime(2025, 2, 1, tzinfo=UTC),
        ),
        _WEEKLY,
    ),
}
