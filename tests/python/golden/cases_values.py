"""Golden cases: what a customer is worth, what one costs, and who weighs most."""

from properties.catalogue import PlanSpec

from .case import LagoCase
from .script import Step, cancel, change_plan, subscribe

# G50: what moves in March 2024, with 100 that was there before and stays.
FIVE_KINDS_PLANS: dict[str, PlanSpec | str] = {
    "p30": "30", "p40": "40", "p50": "50", "p60": "60", "p100": "100",
}  # fmt: skip
FIVE_KINDS: list[Step] = [
    subscribe("2024-01-01", "p50", "e", by="E"),
    change_plan("2024-03-10", "p100", "e"),
    subscribe("2024-01-01", "p60", "c", by="C"),
    change_plan("2024-02-10", "p40", "c"),
    subscribe("2024-01-01", "p40", "x", by="X"),
    cancel("2024-03-20", "x"),
    subscribe("2024-01-01", "p30", "r", by="R"),
    cancel("2024-02-10", "r"),
    subscribe("2024-03-15", "p30", "r again", by="R"),
    subscribe("2024-03-05", "p100", "n", by="N"),
]
FIVE_KINDS_MOVED = """
    2024-01-01  new           50   p50   subscription
    2024-01-01  new           60   p60   subscription
    2024-01-01  new           40   p40   subscription
    2024-01-01  new           30   p30   subscription
    2024-02-10  churn         -30  p30   subscription
    2024-03-01  transfer      -60  p60   plan
    2024-03-01  transfer      60   p40   plan
    2024-03-01  contraction   -20  p40   plan
    2024-03-05  new           100  p100  subscription
    2024-03-10  transfer      -50  p50   plan
    2024-03-10  transfer      50   p100  plan
    2024-03-10  expansion     50   p100  plan
    2024-03-15  reactivation  30   p30   subscription
    2024-03-20  churn         -40  p40   subscription
"""


def one_of_twenty_a_month() -> list[Step]:
    """Of twenty customers one leaves and another joins on the first of January to June."""
    months = [f"2024-{month:02}-01" for month in range(1, 7)]
    return [
        *(subscribe("2023-12-01", "basic", f"s{n}", by=f"c{n}") for n in range(20)),
        *(cancel(month, f"s{n}") for n, month in enumerate(months)),
        *(subscribe(month, "basic", f"t{n}", by=f"d{n}") for n, month in enumerate(months)),
    ]


def one_of_twenty_a_month_moved(amount: str) -> str:
    """Its movements at a price."""
    months = [f"2024-{month:02}-01" for month in range(1, 7)]
    return "\n".join(
        [f"2023-12-01  new  {20 * int(amount)}  basic  subscription"]
        + [f"{month}  churn  -{amount}  basic  subscription" for month in months]
        + [f"{month}  new    {amount}   basic  subscription" for month in months]
    )


CASES = [
    LagoCase(
        "G49",
        "150 of new MRR from three customers is a sales price of 50",
        plans={"p40": "40", "p50": "50", "p60": "60"},
        history=[
            subscribe("2024-01-05", "p40", "a", by="A"),
            subscribe("2024-01-10", "p50", "b", by="B"),
            subscribe("2024-01-20", "p60", "c", by="C"),
        ],
        movements="""
            2024-01-05  new  40  p40  subscription
            2024-01-10  new  50  p50  subscription
            2024-01-20  new  60  p60  subscription
        """,
        tables={
            "metric_arpa grain=month dimension=total": """
                period_start  new_mrr  new_customers  asp   mrr  customers  arpa
                2024-01       150      3              50    150  3          50
                2024-02       0        0              null  150  3          50
            """
        },
        why="150 / 3; in February nobody is new.",
    ),
    LagoCase(
        "G50",
        "100 new and 50 more against 20 less and 40 lost are a quick ratio of 2.5",
        plans=FIVE_KINDS_PLANS,
        history=FIVE_KINDS,
        movements=FIVE_KINDS_MOVED,
        tables={
            "metric_quick_ratio grain=month dimension=total": """
                period_start  new_mrr  expansion_mrr  gained_mrr  lost_mrr  quick_ratio
                2024-03       100      50             150         60        2.5
            """,
            "metric_mrr_waterfall grain=month": """
                period_start  plan  net_new_mrr
                2024-03       p30   30
                2024-03       p40   -60
                2024-03       p50   0
                2024-03       p60   0
                2024-03       p100  150
            """,
        },
        why="""150 / 60. Net new, with what came back: 100 + 50 + 30 - 20 - 40 = 120, which the
            plans add up to. C's downgrade of February waits for 1 March.""",
    ),
    LagoCase(
        "G50-reactivation",
        "with 30 that came back it is 3",
        options={"quick_ratio_reactivation": True},
        plans=FIVE_KINDS_PLANS,
        history=FIVE_KINDS,
        movements=FIVE_KINDS_MOVED,
        tables={
            "metric_quick_ratio grain=month dimension=total": """
                period_start  gained_mrr  lost_mrr  quick_ratio
                2024-03       180         60        3
            """
        },
        why="(100 + 50 + 30) / 60.",
    ),
    LagoCase(
        "V13",
        "100 a month at 5% of churn are worth 2,000",
        guards=("R5",),
        plans={"basic": "100"},
        history=one_of_twenty_a_month(),
        movements=one_of_twenty_a_month_moved("100"),
        tables={
            "metric_ltv grain=month dimension=total": """
                period_start  arpa  churn_rate  months_counted  ltv
                2024-01       100   null        0               null
                2024-03       100   0.05        2               null
                2024-04       100   0.05        3               2000
                2024-07       100   0.05        6               2000
            """
        },
        why="""1 of 20 in each month that began with customers, January being the first: 100 / 0.05.
            Those who leave on a first leave in that month alone. Two months are too few.""",
    ),
    LagoCase(
        "V26",
        "500 a month at a margin of 80% and 5% of churn are worth 8,000",
        options={"gross_margin": "0.8"},
        plans={"basic": "500"},
        history=one_of_twenty_a_month(),
        movements=one_of_twenty_a_month_moved("500"),
        tables={
            "metric_ltv grain=month dimension=total": """
                period_start  arpa  gross_margin  churn_rate  ltv
                2024-07       500   0.8           0.05        8000
            """
        },
        why="500 x 0.8 / 0.05.",
    ),
    LagoCase(
        "V25",
        "50,000 spent on 25 new customers are 2,000 for each",
        spend="2024-01-31  USD  50000",
        plans={"basic": "100"},
        history=[subscribe("2024-01-10", "basic", f"s{n}", by=f"c{n}") for n in range(25)],
        movements="2024-01-10  new  2500  basic  subscription",
        tables={
            "metric_cac grain=month dimension=total": """
                period_start  spend  new_customers  cac   asp  payback_months
                2024-01       50000  25             2000  100  20
                2024-02
            """
        },
        why="50,000 / 25; each pays 100 a month, which takes 20 of them.",
    ),
    LagoCase(
        "2.12",
        "the first of 50 customers pays 15%, five pay 40%, ten 55%",
        plans={
            "p300": PlanSpec("300000", "yearly"),
            "p125": PlanSpec("125000", "yearly"),
            "p60": PlanSpec("60000", "yearly"),
            "p22": PlanSpec("22500", "yearly"),
        },
        history=[
            subscribe("2024-01-01", "p300", "first", by="first"),
            *(subscribe("2024-01-01", "p125", f"s{n}", by=f"c{n}") for n in range(4)),
            *(subscribe("2024-01-01", "p60", f"t{n}", by=f"d{n}") for n in range(5)),
            *(subscribe("2024-01-01", "p22", f"u{n}", by=f"e{n}") for n in range(40)),
        ],
        movements="""
            2024-01-01  new  25000             p300  subscription
            2024-01-01  new  41666.6666666668  p125  subscription
            2024-01-01  new  25000             p60   subscription
            2024-01-01  new  75000             p22   subscription
        """,
        tables={
            "metric_concentration grain=month dimension=total": """
                period_start  customers  top_1_share  top_5_share  top_10_share  hhi
                2024-01       50         0.15         0.4          0.55          0.0476875
            """
        },
        why="""ARR of 2.0 million: 300,000; with 4 x 125,000 it is 800,000; with 5 x 60,000 1.1
            million; and 40 x 22,500. Of squares, 0.15^2 + 4 x 0.0625^2 + 5 x 0.03^2 + 40 x
            0.01125^2 = 0.0476875.""",
    ),
]
