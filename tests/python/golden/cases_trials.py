"""Golden cases: trials, and what became of them."""

from properties.catalogue import PlanSpec

from .case import LagoCase
from .script import cancel, change_plan, subscribe

TWO_WEEKS = {"basic": PlanSpec("50", trial_days=14)}
FROM_JANUARY_TO_FEBRUARY = [subscribe("2024-01-28", "basic")]

CASES = [
    LagoCase(
        "G2",
        "a trial that does not convert is no movement",
        guards=("R2",),
        plans={"basic": PlanSpec("50", trial_days=10)},
        history=[subscribe("2024-01-10", "basic"), cancel("2024-01-20")],
        mrr={"2024-01-10": "0", "2024-01-20": "0", "2024-01-31": "0"},
        tables={
            "metric_trials grain=month dimension=total": """
                period_start  trials_started  trials_converted  trials_cancelled
                2024-01       1               0                 1
            """
        },
        why="It ends at the very instant its trial ends: never active.",
    ),
    LagoCase(
        "G20",
        "an upgrade within a trial counts once, when the trial converts",
        guards=("R15",),
        plans={**TWO_WEEKS, "plus": PlanSpec("90", trial_days=14)},
        history=[subscribe("2024-01-01", "basic"), change_plan("2024-01-05", "plus")],
        movements="2024-01-15  new  90  plus  subscription",
        mrr={"2024-01-05": "0", "2024-01-14": "0", "2024-01-15": "90"},
        tables={
            "metric_trials grain=day dimension=total": """
                period_start  trials_started  trials_converted  conversions
                2024-01-01    1               1                 0
                2024-01-05
                2024-01-15    0               0                 1
            """
        },
        why="1 January + 14 days; until then the total is 0, so the first amount above 0 is 90.",
    ),
    LagoCase(
        "G46",
        "of a converted, a cancelled and a pending trial a third and a half convert",
        plans={"basic": PlanSpec("50", trial_days=5)},
        history=[
            subscribe("2024-07-01", "basic", "a", by="A"),
            subscribe("2024-07-02", "basic", "b", by="B"),
            cancel("2024-07-04", "b"),
            subscribe("2024-07-08", "basic", "c", by="C"),
        ],
        movements="2024-07-06  new  50  basic  subscription",
        tables={
            "metric_trials grain=month dimension=total": """
                period_start  trials_started  trials_converted  trials_cancelled  trials_pending
                2024-07       3               1                 1                 1
            """,
            "metric_trials grain=quarter dimension=total": """
                period_start  conversion_rate_of_decided  conversion_rate
                2024-07       0.5                         0.3333333333
            """,
        },
        why="""Five days each: A pays from 6 July; on 10 July C has not decided. 1 of the 3 that
            began, 1 of the 2 that are decided; the headline is of all that began.""",
    ),
    LagoCase(
        "G47",
        "a trial counts in the month it began, its conversion in its own",
        plans=TWO_WEEKS,
        history=FROM_JANUARY_TO_FEBRUARY,
        movements="2024-02-11  new  50  basic  subscription",
        tables={
            "metric_trials grain=month dimension=total": """
                period_start  trials_started  trials_converted  conversions  conversion_rate
                2024-01       1               1                 0            1
                2024-02       0               0                 1            null
            """
        },
        why="28 January + 14 days = 11 February. January 1 of 1; February has no trials.",
    ),
    LagoCase(
        "G47-period",
        "by period, a conversion is held against the trials that began in its own month",
        options={"trial_rate": "period"},
        plans=TWO_WEEKS,
        history=FROM_JANUARY_TO_FEBRUARY,
        movements="2024-02-11  new  50  basic  subscription",
        tables={
            "metric_trials grain=month dimension=total": """
                period_start  trials_started  conversions  conversion_rate
                2024-01       1               0            0
                2024-02       0               1            null
            """
        },
        why="January 0 of 1, February 1 of 0, which is no rate.",
    ),
    LagoCase(
        "V14",
        "five of ten trials begun in May have converted: 50%",
        plans=TWO_WEEKS,
        history=[
            *(subscribe("2024-05-01", "basic", f"s{n}", by=f"c{n}") for n in range(10)),
            *(cancel("2024-05-10", f"s{n}") for n in range(5)),
        ],
        movements="2024-05-15  new  250  basic  subscription",
        tables={
            "metric_trials grain=month dimension=total": """
                period_start  trials_started  trials_converted  conversion_rate
                2024-05       10              5                 0.5
            """
        },
        why="5 / 10; the five that stay pay 50 each from 15 May.",
    ),
]
