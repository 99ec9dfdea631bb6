"""Golden cases: how plans change."""

from properties.catalogue import PlanSpec

from .case import LagoCase
from .script import cancel, change_plan, subscribe

# 100 -> 60 on the tenth, when the period of the large plan ends.
DOWN_AND_OUT = [
    subscribe("2024-01-10", "large", billing_time="anniversary"),
    change_plan("2024-02-20", "small"),
    cancel("2024-03-20"),
]

CASES = [
    LagoCase(
        "G1",
        "two upgrades of one subscription both count",
        guards=("R1",),
        plans={"basic": "50", "plus": "90", "top": "120"},
        history=[
            subscribe("2024-01-01", "basic"),
            change_plan("2024-02-10", "plus"),
            change_plan("2024-03-05", "top"),
        ],
        movements="""
            2024-01-01  new        50   basic  subscription
            2024-02-10  transfer   -50  basic  plan
            2024-02-10  transfer   50   plus   plan
            2024-02-10  expansion  40   plus   plan
            2024-03-05  transfer   -90  plus   plan
            2024-03-05  transfer   90   top    plan
            2024-03-05  expansion  30   top    plan
        """,
        mrr={"2024-01-31": "50", "2024-02-29": "90", "2024-03-31": "120", "2024-06-30": "120"},
        arr={"2024-03-31": "1440"},
        why="""90 - 50 = 40 and 120 - 90 = 30, each typed on the new plan; what was paid before
            only moves there. ARR = 12 x 120.""",
    ),
    LagoCase(
        "G10",
        "a series shows levels, not changes",
        guards=("R9",),
        plans={"basic": "100", "plus": "120"},
        history=[subscribe("2024-01-01", "basic"), change_plan("2024-02-10", "plus")],
        movements="""
            2024-01-01  new        100   basic  subscription
            2024-02-10  transfer   -100  basic  plan
            2024-02-10  transfer   100   plus   plan
            2024-02-10  expansion  20    plus   plan
        """,
        mrr={"2024-01-31": "100", "2024-02-29": "120"},
        arr={"2024-01-31": "1200", "2024-02-29": "1440"},
        why="100, then 100 + 20; ARR is 12 x the level: 1200, 1440.",
    ),
    LagoCase(
        "G11",
        "a free plan is nothing, and the first paid one is new",
        guards=("R10",),
        plans={"free": "0", "paid": "50"},
        history=[subscribe("2024-01-01", "free"), change_plan("2024-03-01", "paid")],
        movements="2024-03-01  new  50  paid  plan",
        mrr={"2024-01-31": "0", "2024-02-29": "0", "2024-03-31": "50"},
        why="0 -> >0 and never above 0 before: new, in March, because the plan changed.",
    ),
    LagoCase(
        "G25",
        "from a year to dearer months at renewal is an expansion",
        plans={"annual": PlanSpec("1200", "yearly"), "monthly": "120"},
        history=[subscribe("2024-01-01", "annual"), change_plan("2025-01-01", "monthly")],
        movements="""
            2024-01-01  new        100   annual   subscription
            2025-01-01  transfer   -100  annual   plan
            2025-01-01  transfer   100   monthly  plan
            2025-01-01  expansion  20    monthly  plan
        """,
        mrr={"2024-12-31": "100", "2025-01-01": "120"},
        why="1200 / 12 = 100 a month, then 120.",
        as_of="2025-07-01",
    ),
    LagoCase(
        "G26",
        "from months to a cheaper year is a contraction",
        plans={"annual": PlanSpec("1200", "yearly"), "monthly": "120"},
        history=[subscribe("2024-01-01", "monthly"), change_plan("2024-03-15", "annual")],
        movements="""
            2024-01-01  new          120   monthly  subscription
            2024-04-01  transfer     -120  monthly  plan
            2024-04-01  transfer     120   annual   plan
            2024-04-01  contraction  -20   annual   plan
        """,
        mrr={"2024-03-31": "120", "2024-04-01": "100"},
        why="""1200 a year is less than 12 x 120, so Lago lets it wait for the next billing day,
            1 April; 1200 / 12 = 100.""",
    ),
    LagoCase(
        "G33",
        "a downgrade and a cancellation in one month are both shown",
        plans={"large": "100", "small": "60"},
        history=DOWN_AND_OUT,
        movements="""
            2024-01-10  new          100   large  subscription
            2024-03-10  transfer     -100  large  plan
            2024-03-10  transfer     100   small  plan
            2024-03-10  contraction  -40   small  plan
            2024-03-20  churn        -60   small  subscription
        """,
        mrr={"2024-03-09": "100", "2024-03-10": "60", "2024-03-19": "60", "2024-03-20": "0"},
        waterfall="""
            2024-03  large  opening 100  transfer -100
            2024-03  small  transfer 100  contraction 40  churn 60
        """,
        tables={
            "metric_churn grain=month dimension=total": """
                period_start  opening_mrr  gross_churned_mrr  gross_churn_rate
                2024-03       100          100                1
            """
        },
        why="100 -> 60 on the 10th, 60 -> 0 on the 20th: 40 + 60 is all of the 100.",
    ),
    LagoCase(
        "G33-month",
        "a downgrade and a cancellation in one month are one churn where months are netted",
        options={"netting": "month"},
        plans={"large": "100", "small": "60"},
        history=DOWN_AND_OUT,
        movements="""
            2024-01-01  new    100   large  subscription
            2024-03-01  churn  -100  large  subscription
        """,
        mrr={"2024-02-29": "100", "2024-03-31": "0"},
        waterfall="2024-03  large  opening 100  churn 100",
        why="100 at the end of February, 0 at the end of March; dated on the first of the month.",
    ),
    LagoCase(
        "G40",
        "a plan swap at one price moves money between plans",
        plans={"A": "50", "B": "50"},
        history=[subscribe("2024-01-01", "A"), change_plan("2024-02-10", "B")],
        movements="""
            2024-01-01  new       50   A  subscription
            2024-02-10  transfer  -50  A  plan
            2024-02-10  transfer  50   B  plan
        """,
        mrr={"2024-02-09": "50", "2024-02-10": "50"},
        waterfall="""
            2024-02  A  opening 50  transfer -50
            2024-02  B  transfer 50  closing 50
        """,
        why="The customer's total stays 50.",
    ),
    LagoCase(
        "V22f",
        "10 to 20 half way through a month is an expansion of 10",
        plans={"basic": "10", "plus": "20"},
        history=[subscribe("2024-01-01", "basic"), change_plan("2024-01-16", "plus")],
        movements="""
            2024-01-01  new        10   basic  subscription
            2024-01-16  transfer   -10  basic  plan
            2024-01-16  transfer   10   plus   plan
            2024-01-16  expansion  10   plus   plan
        """,
        mrr={"2024-01-15": "10", "2024-01-16": "20", "2024-01-31": "20"},
        why="MRR is of prices, not of the prorated invoice lines (-5 and +10).",
    ),
]
