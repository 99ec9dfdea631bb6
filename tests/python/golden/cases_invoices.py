"""Golden cases: what invoices tell, of usage, refunds and instalments."""

from properties.catalogue import PlanSpec
from reference.surface.builders import at
from tidemill_cli.demo.lago.pricing import UsageCharge

from .case import LagoCase, SurfaceCase
from .facts import item, line
from .script import cancel, refund, subscribe, use

CALLS = (UsageCharge("calls", "1"),)
METERED: dict[str, PlanSpec | str] = {"metered": PlanSpec("0", usage_charges=CALLS)}
# The last nine days of use are billed after the end.
METERED_AND_CANCELLED = [
    subscribe("2024-01-01", "metered"),
    use("2024-01-15", 40),
    use("2024-02-05", 13),
    cancel("2024-02-10"),
]
USAGE_REVENUE = {
    "metric_usage_revenue grain=month dimension=total": """
        period_start  usage_revenue  lines
        2024-01       40             1
        2024-02       13             1
        2024-03
    """
}
# 20 in advance, and 30 in arrears for each month.
BASE_AND_USAGE: dict[str, PlanSpec | str] = {"basic": PlanSpec("20", usage_charges=CALLS)}
THIRTY_A_MONTH = [
    subscribe("2024-01-01", "basic"),
    *(use(f"2024-{month:02}-15", 30) for month in range(1, 7)),
]
JANUARY_REFUNDED = [subscribe("2024-01-01", "basic"), refund("2024-01-20")]

CASES = [
    LagoCase(
        "G21",
        "usage billed after the end is revenue once, and never MRR",
        guards=("R16",),
        plans=METERED,
        history=METERED_AND_CANCELLED,
        mrr={"2024-01-31": "0", "2024-02-29": "0", "2024-06-30": "0"},
        tables=USAGE_REVENUE,
        why="""By the month of its use, whenever it was billed. A row of an invoice is there once,
            however often it was delivered.""",
    ),
    LagoCase(
        "G21-last",
        "usage that counts as MRR ends with its subscription, whatever is billed later",
        options={"mrr_usage": "last_period"},
        plans=METERED,
        history=METERED_AND_CANCELLED,
        movements="""
            2024-02-01  new    40   metered  usage
            2024-02-10  churn  -40  metered  usage
        """,
        mrr={"2024-01-31": "0", "2024-02-09": "40", "2024-02-10": "0", "2024-06-30": "0"},
        tables=USAGE_REVENUE,
        why="What January used counts until the subscription ends on 10 February.",
    ),
    LagoCase(
        "V18",
        "usage in arrears does not count",
        plans=BASE_AND_USAGE,
        history=THIRTY_A_MONTH,
        movements="2024-01-01  new  20  basic  subscription",
        mrr={"2024-01-31": "20", "2024-02-29": "20"},
        why="20 in advance; the 30 are revenue of use.",
    ),
    LagoCase(
        "V18-last",
        "usage in arrears may count in the period after it",
        options={"mrr_usage": "last_period"},
        plans=BASE_AND_USAGE,
        history=THIRTY_A_MONTH,
        movements="""
            2024-01-01  new        20  basic  subscription
            2024-02-01  expansion  30  basic  usage
        """,
        mrr={"2024-01-31": "20", "2024-02-29": "50", "2024-06-30": "50"},
        why="January's 30 are February's, and so on: 20 + 30.",
    ),
    LagoCase(
        "G39-kept",
        "a full refund changes nothing",
        plans={"basic": "50"},
        history=JANUARY_REFUNDED,
        movements="2024-01-01  new  50  basic  subscription",
        mrr={"2024-01-31": "50", "2024-02-29": "50"},
        why="Refunds are ignored.",
    ),
    LagoCase(
        "G39-voids",
        "a full refund may void what it gave back",
        options={"refunds": "full_refund_voids"},
        plans={"basic": "50"},
        history=JANUARY_REFUNDED,
        movements="2024-02-01  new  50  basic  subscription",
        mrr={"2024-01-31": "0", "2024-02-01": "50"},
        why="January was given back, all 50 of it; February was not.",
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
                invoiced_at  amount  paid_at
                2024-01-01   100     2024-01-01
                2024-02-01   100     null
            """,
            "metric_ltv_cohorts grain=month dimension=total": """
                period_start  cumulative_mrr  cumulative_cash
                2024-01       100             100
                2024-02       200             100
            """,
        },
        why="""1,200 / 12. Invoiced 200, of which 100 are paid and 100 are not: MRR-months of 200
            beside cash of 100. Lago bills a year at once.""",
    ),
]
