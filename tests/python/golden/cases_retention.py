"""Golden cases: who stays and who leaves, and how much money with them."""

from .case import LagoCase, SurfaceCase
from .facts import Fact, item
from .script import Step, cancel, change_plan, subscribe

# 90 customers of 10 from January; in March ten of them leave and ten others join.
TEN_OF_NINETY: list[Step] = [
    *(subscribe("2024-01-01", "basic", f"s{n}", by=f"c{n}") for n in range(90)),
    *(cancel("2024-03-10", f"s{n}") for n in range(10)),
    *(subscribe("2024-03-15", "basic", f"s{n}", by=f"c{n}") for n in range(90, 100)),
]
TEN_OF_NINETY_MOVED = """
    2024-01-01  new    900   basic  subscription
    2024-03-10  churn  -100  basic  subscription
    2024-03-15  new    100   basic  subscription
"""


def leavers(count: int, name: str, *, voluntary: bool) -> list[Fact]:
    """Customers of 10 who leave on 10 March, of their own will or not."""
    return [
        item("2024-01-01", "2024-03-10", 10, by=f"{name}{n}", is_voluntary_cancel=voluntary)
        for n in range(count)
    ]


CASES = [
    LagoCase(
        "G15",
        "who returns and leaves again within a month is no part of that month's churn",
        guards=("R13",),
        plans={"basic": "100", "large": "500"},
        history=[
            subscribe("2024-01-01", "basic", "k", by="K"),
            subscribe("2024-02-01", "large", "z", by="Z"),
            cancel("2024-06-01", "z"),
            subscribe("2025-03-05", "large", "z again", by="Z"),
            cancel("2025-03-20", "z again"),
        ],
        movements="""
            2024-01-01  new           100   basic  subscription
            2024-02-01  new           500   large  subscription
            2024-06-01  churn         -500  large  subscription
            2025-03-05  reactivation  500   large  subscription
            2025-03-20  churn         -500  large  subscription
        """,
        tables={
            "metric_churn grain=month dimension=total": """
                period_start  opening_customers  churned_customers  logo_churn_rate
                2025-03       1                  0                  0
            """,
            "metric_churn grain=quarter dimension=total": """
                period_start  opening_mrr  gross_churned_mrr  gross_churn_rate  net_churn_rate
                2025-01       100          0                  0                 0
            """,
        },
        why="Of those who paid before, K alone, nobody left: 0 of 1, and 0 of K's 100.",
        as_of="2025-07-01",
    ),

    LagoCase(
        "V12",
        "10 churned, 10 lost and 10 gained of 100 are 20% gross and 10% net churn",
        plans={"p10": "10", "p30": "30", "p40": "40", "p50": "50", "p60": "60"},
        history=[
            subscribe("2024-01-01", "p10", "a", by="A"),
            subscribe("2024-01-01", "p40", "b", by="B"),
            subscribe("2024-01-01", "p50", "c", by="C"),
            change_plan("2024-01-20", "p30", "b"),
            cancel("2024-02-10", "a"),
            change_plan("2024-02-15", "p60", "c"),
        ],
        movements="""
            2024-01-01  new          10   p10  subscription
            2024-01-01  new          40   p40  subscription
            2024-01-01  new          50   p50  subscription
            2024-02-01  transfer     -40  p40  plan
            2024-02-01  transfer     40   p30  plan
            2024-02-01  contraction  -10  p30  plan
            2024-02-10  churn        -10  p10  subscription
            2024-02-15  transfer     -50  p50  plan
            2024-02-15  transfer     50   p60  plan
            2024-02-15  expansion    10   p60  plan
        """,
        tables={
            "metric_churn grain=month dimension=total": """
                period_start  opening_mrr  gross_churn_rate  net_churn_rate  churned_mrr_rate
                2024-02       100          0.2               0.1             0.1
            """
        },
        why="""B's downgrade waits for 1 February. (10 + 10) / 100, (10 + 10 - 10) / 100; of churn
            alone 10 / 100.""",
    ),
    LagoCase(
        "V16",
        "from 5,000 to 6,000 with the same subscribers nothing is lost",
        plans={"p2000": "2000", "p3000": "3000", "p4000": "4000"},
        history=[
            subscribe("2024-01-01", "p2000", "a", by="A"),
            subscribe("2024-01-01", "p3000", "b", by="B"),
            change_plan("2024-02-15", "p4000", "b"),
        ],
        movements="""
            2024-01-01  new        2000   p2000  subscription
            2024-01-01  new        3000   p3000  subscription
            2024-02-15  transfer   -3000  p3000  plan
            2024-02-15  transfer   3000   p4000  plan
            2024-02-15  expansion  1000   p4000  plan
        """,
        tables={
            "metric_retention grain=month dimension=total window_months=1": """
                period_start  opening_mrr  closing_mrr  grr  nrr
                2024-02       5000         6000         1    1.2
            """
        },
        why="GRR counts no more than each paid before: 5,000 / 5,000; NRR 6,000 / 5,000.",
    ),
    LagoCase(
        "V27",
        "100,000 with 15,000 of expansion and 8,000 of churn retain 107%",
        plans={"p8": "8000", "p32": "32000", "p60": "60000", "p75": "75000"},
        history=[
            subscribe("2024-01-01", "p8", "a", by="A"),
            subscribe("2024-01-01", "p32", "b", by="B"),
            subscribe("2024-01-01", "p60", "c", by="C"),
            change_plan("2024-02-10", "p75", "c"),
            cancel("2024-02-20", "a"),
        ],
        movements="""
            2024-01-01  new        8000    p8   subscription
            2024-01-01  new        32000   p32  subscription
            2024-01-01  new        60000   p60  subscription
            2024-02-10  transfer   -60000  p60  plan
            2024-02-10  transfer   60000   p75  plan
            2024-02-10  expansion  15000   p75  plan
            2024-02-20  churn      -8000   p8   subscription
        """,
        tables={
            "metric_retention grain=month dimension=total window_months=1": """
                period_start  opening_mrr  closing_mrr  nrr   grr
                2024-02       100000       107000       1.07  0.92
            """
        },
        why="(100,000 + 15,000 - 8,000) / 100,000; without the expansion 92%.",
    ),
    LagoCase(
        "V28",
        "ten churned of 90 and ten new are 11.1% of those who were there",
        plans={"basic": "10"},
        history=TEN_OF_NINETY,
        movements=TEN_OF_NINETY_MOVED,
        tables={
            "metric_churn grain=month dimension=total": """
                period_start  churned_customers  logo_churn_denominator  logo_churn_rate
                2024-03       10                 90                      0.1111111111
            """
        },
        why="10 / 90.",
    ),
    LagoCase(
        "V28-stripe",
        "ten churned of 90 and ten new are 10% the way Stripe counts",
        options={"churn_method": "stripe_30d"},
        plans={"basic": "10"},
        history=TEN_OF_NINETY,
        movements=TEN_OF_NINETY_MOVED,
        tables={
            "metric_churn grain=month dimension=total": """
                period_start  churned_customers  logo_churn_denominator  logo_churn_rate
                2024-03       10                 100                     0.1
            """
        },
        why="The 30 days from 2 to 31 March: 10 / (90 + 10).",
    ),
    LagoCase(
        "V17",
        "fifteen subscribers of 10 who leave are 150 of churn",
        plans={"basic": "10"},
        history=[
            *(subscribe("2024-01-01", "basic", f"s{n}", by=f"c{n}") for n in range(15)),
            *(cancel("2024-03-10", f"s{n}") for n in range(15)),
        ],
        movements="""
            2024-01-01  new    150   basic  subscription
            2024-03-10  churn  -150  basic  subscription
        """,
        waterfall="2024-03  basic  opening 150  churn 150",
        customers="2024-03  all  opening 15  lost 15",
        tables={
            "metric_churn grain=month dimension=total": """
                period_start  churned_mrr  voluntary_mrr  involuntary_mrr
                2024-03       150          0              0
            """
        },
        why="15 x 10. Lago does not keep whose will an end was, so there is no split.",
    ),
    SurfaceCase(
        "V17-split",
        "churn is split by whose will it was where that is known",
        facts=[*leavers(10, "left", voluntary=True), *leavers(5, "failed", voluntary=False)],
        movements="""
            2024-01-01  new    150   basic  subscription
            2024-03-10  churn  -150  basic  subscription
        """,
        tables={
            "metric_churn grain=month dimension=total": """
                period_start  churned_mrr  voluntary_mrr  involuntary_mrr
                2024-03       150          100            50
            """,
        },
        why="10 x 10 and 5 x 10.",
    ),
]
