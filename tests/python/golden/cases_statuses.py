"""Golden cases: pauses, past due, requests, refunds and usage, which Lago cannot tell.

Lago pauses nothing, keeps no history of past due and no time of a request. It does tell refunds
and usage, but the simulator writes neither.
"""

from reference.surface.builders import at

from .case import SurfaceCase
from .facts import item, line

PAUSED = [
    item("2024-01-01", "2024-04-01"),
    item("2024-04-01", "2024-06-01", status="paused"),
    item("2024-06-01"),
]
PAST_DUE = [
    item("2024-01-01", "2024-03-05"),
    item("2024-03-05", "2024-04-04", status="past_due"),
]
REFUNDED = [
    item("2024-01-01"),
    line("recurring", 50, "2024-01-01", "2024-02-01", refunded=50),
    line("recurring", 50, "2024-02-01", "2024-03-01"),
]
# 20 in advance; the 30 that January used are billed on 1 February.
BASE_AND_USAGE = [
    item("2024-01-01", None, 20),
    line("usage", 30, "2024-01-01", "2024-02-01", invoiced_at=at("2024-02-01")),
]
# Metered only. The last days of use are billed after the end.
METERED = [
    item("2024-01-01", "2024-02-10", 0, charge_kind="metered"),
    line("usage", 40, "2024-01-01", "2024-02-01", invoiced_at=at("2024-02-01")),
    line("usage", 13, "2024-02-01", "2024-02-10", invoiced_at=at("2024-03-01")),
]
USAGE_REVENUE = {
    "metric_usage_revenue grain=month dimension=total": """
        period_start  usage_revenue  lines
        2024-01       40             1
        2024-02       13             1
        2024-03
    """
}
CANCELLED_ON_REQUEST = [
    item(
        "2024-01-01",
        "2024-02-01",
        cancel_requested_at=at("2024-01-10 15:00"),
        cancel_effective_at=at("2024-02-01"),
    )
]

CASES = [
    SurfaceCase(
        "G8",
        "a pause is churn, and its end a reactivation",
        guards=("R7",),
        facts=PAUSED,
        movements="""
            2024-01-01  new           50   basic  subscription
            2024-04-01  churn         -50  basic  pause
            2024-06-01  reactivation  50   basic  pause
        """,
        mrr={"2024-03-31": "50", "2024-04-30": "0", "2024-05-31": "0", "2024-06-30": "50"},
        customers="""
            2024-04  all  opening 1  lost 1
            2024-06  all  returned 1  customers 1
        """,
        why="Paused is worth nothing.",
    ),
    SurfaceCase(
        "G8-keep",
        "a pause that keeps its MRR is nothing",
        options={"mrr_paused": "keep"},
        facts=PAUSED,
        movements="2024-01-01  new  50  basic  subscription",
        mrr={"2024-04-30": "50", "2024-06-30": "50"},
        why="It counts as if it ran on.",
    ),
    SurfaceCase(
        "G35-requested",
        "a cancellation may count when it is asked for",
        options={"churn_date": "cancel_requested"},
        facts=CANCELLED_ON_REQUEST,
        movements="""
            2024-01-01  new    50   basic  subscription
            2024-01-10  churn  -50  basic  subscription
        """,
        mrr={"2024-01-09": "50", "2024-01-10": "0", "2024-01-31": "0"},
        why="Asked for on 10 January; paid to the end of that month.",
    ),
    SurfaceCase(
        "G35-effective",
        "by default it counts when the service that was paid for ends",
        facts=CANCELLED_ON_REQUEST,
        movements="""
            2024-01-01  new    50   basic  subscription
            2024-02-01  churn  -50  basic  subscription
        """,
        mrr={"2024-01-31": "50", "2024-02-01": "0"},
        why="31 January 24:00 is 1 February 00:00.",
    ),
    SurfaceCase(
        "G36",
        "past due counts until it is cancelled",
        facts=PAST_DUE,
        movements="""
            2024-01-01  new    50   basic  subscription
            2024-04-04  churn  -50  basic  subscription
        """,
        mrr={"2024-03-31": "50", "2024-04-03": "50", "2024-04-04": "0"},
        why="Past due since 5 March, cancelled on 4 April.",
    ),
    SurfaceCase(
        "G36-exclude",
        "past due may not count at all",
        options={"mrr_past_due": "exclude"},
        facts=PAST_DUE,
        movements="""
            2024-01-01  new    50   basic  subscription
            2024-03-05  churn  -50  basic  subscription
        """,
        mrr={"2024-03-04": "50", "2024-03-05": "0"},
        why="Since 5 March.",
    ),
    SurfaceCase(
        "G36-days",
        "past due may count for some days",
        options={"mrr_past_due": "churn_after_days(15)"},
        facts=PAST_DUE,
        movements="""
            2024-01-01  new    50   basic  subscription
            2024-03-20  churn  -50  basic  subscription
        """,
        mrr={"2024-03-19": "50", "2024-03-20": "0"},
        why="5 March + 15 days.",
    ),
    SurfaceCase(
        "G39-kept",
        "a full refund changes nothing",
        facts=REFUNDED,
        movements="2024-01-01  new  50  basic  subscription",
        mrr={"2024-01-31": "50", "2024-02-29": "50"},
        why="Refunds are ignored.",
    ),
    SurfaceCase(
        "G39-voids",
        "a full refund may void what it gave back",
        options={"refunds": "full_refund_voids"},
        facts=REFUNDED,
        movements="2024-02-01  new  50  basic  subscription",
        mrr={"2024-01-31": "0", "2024-02-01": "50"},
        why="January was given back, all 50 of it; February was not.",
    ),
    SurfaceCase(
        "G21",
        "usage billed after the end is revenue once, and never MRR",
        guards=("R16",),
        facts=METERED,
        mrr={"2024-01-31": "0", "2024-02-29": "0", "2024-06-30": "0"},
        tables=USAGE_REVENUE,
        why="""By the month of its use, though billed in the next. A row of an invoice is there once,
            however often it was delivered.""",
    ),
    SurfaceCase(
        "G21-last",
        "usage that counts as MRR ends with its subscription, whatever is billed later",
        options={"mrr_usage": "last_period"},
        facts=METERED,
        movements="""
            2024-02-01  new    40   basic  usage
            2024-02-10  churn  -40  basic  usage
        """,
        mrr={"2024-01-31": "0", "2024-02-09": "40", "2024-02-10": "0", "2024-06-30": "0"},
        tables=USAGE_REVENUE,
        why="What January used counts until the subscription ends on 10 February.",
    ),
    SurfaceCase(
        "V18",
        "usage in arrears does not count",
        facts=BASE_AND_USAGE,
        movements="2024-01-01  new  20  basic  subscription",
        mrr={"2024-01-31": "20", "2024-02-29": "20"},
        why="20 in advance; the 30 are revenue of use.",
    ),
    SurfaceCase(
        "V18-last",
        "usage in arrears may count in the period after it",
        options={"mrr_usage": "last_period"},
        facts=BASE_AND_USAGE,
        movements="""
            2024-01-01  new          20   basic  subscription
            2024-02-01  expansion    30   basic  usage
            2024-04-03  contraction  -30  basic  usage
        """,
        mrr={"2024-01-31": "20", "2024-02-29": "50"},
        why="""20 + 30 from 1 February. Nothing is billed after it: it holds for twice the 31 days that
            it was used in, to 3 April.""",
    ),
    SurfaceCase(
        "V23",
        "a year paid in instalments is worth a twelfth a month, whichever were paid",
        facts=[
            item("2024-01-01", None, 1200, period_unit="year"),
            line("recurring", 100, "2024-01-01", "2024-02-01", paid_at=at("2024-01-01 09:00")),
            line("recurring", 100, "2024-02-01", "2024-03-01"),
        ],
        movements="2024-01-01  new  100  basic  subscription",
        mrr={"2024-01-31": "100", "2024-02-29": "100"},
        arr={"2024-02-29": "1200"},
        tables={
            "invoice_lines": """
                invoiced_at                amount  paid_at
                2024-01-01T00:00:00+00:00  100     2024-01-01T09:00:00+00:00
                2024-02-01T00:00:00+00:00  100     null
            """,
            "metric_ltv_cohorts grain=month dimension=total": """
                period_start  cumulative_mrr  cumulative_cash
                2024-01       100             100
                2024-02       200             100
            """,
        },
        why="""1,200 / 12. Invoiced 200, of which 100 are paid and 100 are not: MRR-months of 200
            beside cash of 100.""",
    ),
]
