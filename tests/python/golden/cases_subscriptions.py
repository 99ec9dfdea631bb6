"""Golden cases: how subscriptions begin, end and come back."""

from .case import LagoCase
from .script import cancel, delete_customer, plan_end, refund, subscribe

OFF_AND_ON = [
    subscribe("2024-01-01", "basic"),
    cancel("2024-02-10 09:00"),
    subscribe("2024-02-10 15:00", "basic"),
]
AWAY_FOR_200_DAYS = [
    subscribe("2023-12-01", "basic", "first"),
    cancel("2023-12-10", "first"),
    subscribe("2024-06-27", "basic", "second"),
]
BACK_DATED = [subscribe("2024-04-10", "basic", starts="2024-02-01")]

CASES = [
    LagoCase(
        "G3",
        "a customer who joins and leaves within a month is new and churn, nobody else moves",
        guards=("R3",),
        plans={"basic": "100", "large": "500"},
        history=[
            subscribe("2024-01-01", "basic", "a", by="A"),
            subscribe("2024-02-05", "large", "b", by="B"),
            cancel("2024-02-20", "b"),
        ],
        movements="""
            2024-01-01  new    100   basic  subscription
            2024-02-05  new    500   large  subscription
            2024-02-20  churn  -500  large  subscription
        """,
        mrr={"2024-02-04": "100", "2024-02-05": "600", "2024-02-29": "100"},
        customers="""
            2024-01  all  new 1  customers 1
            2024-02  all  opening 1  new 1  lost 1  customers 1
        """,
        tables={
            "metric_churn grain=month dimension=total": """
                period_start  opening_customers  churned_customers  logo_churn_rate
                2024-02       1                  0                  0
            """,
            "metric_retention grain=month dimension=total window_months=1": """
                period_start  opening_customers  opening_mrr  nrr  grr
                2024-02       1                  100          1    1
            """,
        },
        why="B is no part of A's 100, of which nothing is lost.",
    ),
    LagoCase(
        "G4",
        "the first day of a waterfall is counted once",
        guards=("R4",),
        plans={"basic": "100"},
        history=[subscribe("2024-01-01", "basic")],
        movements="2024-01-01  new  100  basic  subscription",
        waterfall="""
            2024-01  basic  new 100  closing 100
            2024-02  basic  opening 100  closing 100
        """,
        why="Opening is the end of the day before the period: 0 on 31 December, 100 on 31 January.",
    ),
    LagoCase(
        "G5",
        "a churn on the first of March is in March only",
        guards=("R5",),
        plans={"basic": "100"},
        history=[subscribe("2024-01-01", "basic"), cancel("2024-03-01", "main")],
        movements="""
            2024-01-01  new    100   basic  subscription
            2024-03-01  churn  -100  basic  subscription
        """,
        mrr={"2024-02-29": "100", "2024-03-01": "0"},
        waterfall="""
            2024-02  basic  opening 100  closing 100
            2024-03  basic  opening 100  churn 100
        """,
        customers="""
            2024-02  all  opening 1  customers 1
            2024-03  all  opening 1  lost 1
        """,
        tables={
            "metric_churn grain=month dimension=total": """
                period_start  opening_customers  churned_customers  logo_churn_rate
                2024-02       1                  0                  0
                2024-03       1                  1                  1
            """
        },
        why="Months are half open: 1 March 00:00 is the first instant of March.",
    ),
    LagoCase(
        "G12",
        "a subscription whose first payment fails never was",
        guards=("R11",),
        plans={"basic": "50"},
        history=[subscribe("2024-01-10", "basic", gated="fails")],
        mrr={"2024-01-10": "0", "2024-01-31": "0"},
        why="Incomplete, then canceled: neither status counts.",
    ),
    LagoCase(
        "G12-paid",
        "a subscription whose first payment succeeds counts from its activation",
        plans={"basic": "50"},
        history=[subscribe("2024-01-10 12:00", "basic", gated="succeeds")],
        movements="2024-01-10  new  50  basic  subscription",
        mrr={"2024-01-09": "0", "2024-01-10": "50"},
        why="The payment arrives within minutes; incomplete until then, active after it.",
    ),
    LagoCase(
        "G13",
        "cancelling and subscribing again on one day is nothing",
        guards=("R12",),
        plans={"basic": "50"},
        history=OFF_AND_ON,
        movements="2024-01-01  new  50  basic  subscription",
        mrr={"2024-02-09": "50", "2024-02-10": "50", "2024-02-29": "50"},
        customers="2024-02  all  opening 1  customers 1",
        tables={
            "metric_churn grain=month dimension=total": """
                period_start  opening_customers  churned_customers  logo_churn_rate
                2024-02       1                  0                  0
            """
        },
        why="Movements are netted within the day: 50 - 50 + 50.",
    ),
    LagoCase(
        "G13-none",
        "cancelling and subscribing again on one day are two movements where nothing is netted",
        options={"netting": "none"},
        plans={"basic": "50"},
        history=OFF_AND_ON,
        movements="""
            2024-01-01  new           50   basic  subscription
            2024-02-10  churn         -50  basic  subscription
            2024-02-10  reactivation  50   basic  subscription
        """,
        mrr={"2024-02-09": "50", "2024-02-10": "50", "2024-02-29": "50"},
        waterfall="2024-02  basic  opening 50  churn 50  reactivation 50  closing 50",
        why="At 09:00 the customer pays nothing, at 15:00 it does again.",
    ),
    LagoCase(
        "G14",
        "cancelling and returning dearer on one day is an expansion",
        guards=("R12",),
        plans={"basic": "50", "plus": "80"},
        history=[
            subscribe("2024-01-01", "basic"),
            cancel("2024-02-10 09:00"),
            subscribe("2024-02-10 15:00", "plus"),
        ],
        movements="""
            2024-01-01  new        50   basic  subscription
            2024-02-10  transfer   -50  basic  subscription
            2024-02-10  transfer   50   plus   subscription
            2024-02-10  expansion  30   plus   subscription
        """,
        mrr={"2024-02-09": "50", "2024-02-10": "80"},
        why="Netted over the day the total goes 50 -> 80; the 30 is typed on the new plan.",
    ),
    LagoCase(
        "G23",
        "a subscription known only after it had run is dated where it ran",
        guards=("R18",),
        plans={"basic": "50"},
        history=[
            subscribe("2024-08-30", "basic", starts="2024-01-10"),
            cancel("2024-09-01"),
        ],
        movements="""
            2024-01-10  new    50   basic  subscription
            2024-09-01  churn  -50  basic  subscription
        """,
        mrr={"2024-01-09": "0", "2024-01-10": "50", "2024-08-31": "50", "2024-09-01": "0"},
        why="It began on 10 January and ended on 1 September, whenever it was recorded.",
        as_of="2025-07-01",
    ),
    LagoCase(
        "G24",
        "a waterfall over one month has one row",
        guards=("R19",),
        plans={"basic": "100"},
        history=[subscribe("2024-01-08", "basic")],
        movements="2024-01-08  new  100  basic  subscription",
        waterfall="2024-01  basic  new 100  closing 100",
        why="One plan and one month: opening 0 + new 100 = closing 100.",
    ),
    LagoCase(
        "G27",
        "a second subscription is expansion, its end contraction, the last end churn",
        plans={"basic": "50", "extra": "30"},
        history=[
            subscribe("2024-01-01", "basic", "first"),
            subscribe("2024-01-10", "extra", "second"),
            cancel("2024-03-05", "second"),
            cancel("2024-04-05", "first"),
        ],
        movements="""
            2024-01-01  new          50   basic  subscription
            2024-01-10  expansion    30   extra  subscription
            2024-03-05  contraction  -30  extra  subscription
            2024-04-05  churn        -50  basic  subscription
        """,
        mrr={"2024-01-09": "50", "2024-01-31": "80", "2024-03-31": "50", "2024-04-30": "0"},
        customers="""
            2024-03  all  opening 1  customers 1
            2024-04  all  opening 1  lost 1
        """,
        tables={
            "metric_churn grain=month dimension=total": """
                period_start  churned_customers  logo_churn_rate  contraction_mrr  churned_mrr
                2024-03       0                  0                30               0
                2024-04       1                  1                0                50
            """
        },
        why="The customer's total goes 0, 50, 80, 50, 0; only the last step reaches zero.",
    ),
    LagoCase(
        "G34",
        "a planned end that is taken back is nothing",
        plans={"basic": "50"},
        history=[
            subscribe("2024-01-01", "basic"),
            plan_end("2024-01-10", "2024-02-01"),
            plan_end("2024-01-20", None),
        ],
        movements="2024-01-01  new  50  basic  subscription",
        mrr={"2024-01-31": "50", "2024-02-01": "50", "2024-06-30": "50"},
        why="The default churn date is the end of the service, which never came.",
    ),
    LagoCase(
        "G35",
        "a planned end on 1 February 00:00 is February's churn",
        plans={"basic": "50"},
        history=[subscribe("2024-01-01", "basic"), plan_end("2024-01-10", "2024-02-01")],
        movements="""
            2024-01-01  new    50   basic  subscription
            2024-02-01  churn  -50  basic  subscription
        """,
        mrr={"2024-01-31": "50", "2024-02-01": "0"},
        waterfall="""
            2024-01  basic  new 50  closing 50
            2024-02  basic  opening 50  churn 50
        """,
        why="""The service ends with 31 January 24:00, which is 1 February 00:00; Lago's job runs
            minutes later on that day, and the planned end is what counts.""",
    ),
    LagoCase(
        "G35-before",
        "a planned end ahead does not count yet",
        plans={"basic": "50"},
        history=[subscribe("2024-07-01", "basic"), plan_end("2024-07-05", "2024-08-01")],
        movements="2024-07-01  new  50  basic  subscription",
        mrr={"2024-07-09": "50"},
        why="On 10 July the end is still ahead.",
    ),
    LagoCase(
        "G37",
        "coming back after 200 days is a reactivation",
        plans={"basic": "50"},
        history=AWAY_FOR_200_DAYS,
        movements="""
            2023-12-01  new           50   basic  subscription
            2023-12-10  churn         -50  basic  subscription
            2024-06-27  reactivation  50   basic  subscription
        """,
        mrr={"2024-05-31": "0", "2024-06-30": "50"},
        customers="2024-06  all  returned 1  customers 1",
        why="10 December + 200 days = 27 June; by default any gap is a reactivation.",
    ),
    LagoCase(
        "G37-gap",
        "coming back after 200 days is new where 90 are the most",
        options={"reactivation_max_gap_days": 90},
        plans={"basic": "50"},
        history=AWAY_FOR_200_DAYS,
        movements="""
            2023-12-01  new    50   basic  subscription
            2023-12-10  churn  -50  basic  subscription
            2024-06-27  new    50   basic  subscription
        """,
        mrr={"2024-05-31": "0", "2024-06-30": "50"},
        why="200 > 90.",
    ),
    LagoCase(
        "G38",
        "a back-dated subscription counts from its start",
        plans={"basic": "50"},
        history=BACK_DATED,
        movements="2024-02-01  new  50  basic  subscription",
        mrr={"2024-01-31": "0", "2024-02-01": "50", "2024-03-31": "50"},
        why="What is recorded in April restates February.",
    ),
    LagoCase(
        "G38-reported",
        "a back-dated subscription was not known before it was recorded",
        options={"as_reported_at": "2024-03-31T00:00:00Z"},
        plans={"basic": "50"},
        history=BACK_DATED,
        mrr={"2024-02-01": "0", "2024-03-31": "0", "2024-04-30": "0"},
        why="Lago's row is of 10 April; by 31 March nothing was recorded.",
    ),
    LagoCase(
        "G39",
        "joining and leaving on one day is nothing",
        plans={"basic": "50"},
        history=[
            subscribe("2024-01-10 09:00", "basic"),
            refund("2024-01-10 12:00"),
            cancel("2024-01-10 15:00"),
        ],
        mrr={"2024-01-10": "0", "2024-01-31": "0"},
        why="+50 and -50 on one day; what is refunded for it is ignored.",
    ),
    LagoCase(
        "G45",
        "a customer deleted after its churn keeps its history",
        plans={"basic": "50"},
        history=[
            subscribe("2024-01-01", "basic"),
            cancel("2024-03-01"),
            delete_customer("2024-04-01"),
        ],
        movements="""
            2024-01-01  new    50   basic  subscription
            2024-03-01  churn  -50  basic  subscription
        """,
        mrr={"2024-01-31": "50", "2024-02-29": "50", "2024-03-31": "0"},
        why="Deleting changes nothing that was.",
    ),
    LagoCase(
        "G48",
        "02:00 UTC on 1 February is January in New York",
        plans={"basic": "50"},
        history=[subscribe("2025-02-01 02:00", "basic")],
        movements="2025-01-31  new  50  basic  subscription",
        mrr={"2025-01-30": "0", "2025-01-31": "50"},
        waterfall="2025-01  basic  new 50  closing 50",
        why="02:00 UTC is 21:00 of the day before, five hours behind.",
        options={"reporting_timezone": "America/New_York"},
        as_of="2025-07-01",
    ),
    LagoCase(
        "G48-utc",
        "02:00 UTC on 1 February is February in UTC",
        plans={"basic": "50"},
        history=[subscribe("2025-02-01 02:00", "basic")],
        movements="2025-02-01  new  50  basic  subscription",
        mrr={"2025-01-31": "0", "2025-02-01": "50"},
        why="The same instant, the default zone.",
        as_of="2025-07-01",
    ),
]
