"""Golden cases: several currencies, and what they are worth in one."""

from properties.catalogue import PlanSpec

from .case import LagoCase, SurfaceCase
from .facts import item
from .script import cancel, subscribe

EURO = {"euro": PlanSpec("100", currency="EUR")}
IN_DOLLARS = {"reporting_currency": "USD"}

CASES = [
    LagoCase(
        "G6",
        "a rise of the rate is a row of its own, and the balance closes",
        guards=("R6",),
        options=IN_DOLLARS,
        rates="""
            2024-01-01  EUR  USD  1.00
            2024-06-01  EUR  USD  1.10
        """,
        plans=EURO,
        history=[subscribe("2024-01-01", "euro"), cancel("2024-06-10")],
        movements="""
            2024-01-01  new    100EUR   euro  subscription
            2024-06-10  churn  -100EUR  euro  subscription
        """,
        tables={
            "metric_mrr_movements": """
                movement_date  movement_type  reporting_currency  fx_rate  reporting_amount
                2024-01-01     new            USD                 1        100
                2024-06-10     churn          USD                 1.1      -110
            """,
            "metric_mrr_waterfall grain=month": """
                period_start  currency  opening_mrr  new_mrr  fx_mrr  churn_mrr  closing_mrr
                2024-01       EUR       0            100      0       0          100
                2024-05       EUR       100          0        0       0          100
                2024-06       EUR       100          0        10      110        0
            """,
            "metric_mrr_waterfall grain=quarter": """
                period_start  reporting_currency  opening_mrr  fx_mrr  churn_mrr  closing_mrr
                2024-04       USD                 100          10      110        0
            """,
        },
        why="EUR 100 are USD 100 until 31 May and USD 110 from then on: 100 + 10 - 110 = 0.",
        as_of="2025-07-01",
    ),
    LagoCase(
        "G7",
        "after a fall of the rate nothing is left over, and coming back is a reactivation",
        guards=("R6",),
        options=IN_DOLLARS,
        rates="""
            2024-01-01  EUR  USD  1.10
            2024-06-01  EUR  USD  1.00
        """,
        plans=EURO,
        history=[
            subscribe("2024-01-01", "euro", "first"),
            cancel("2024-06-10", "first"),
            subscribe("2024-09-05", "euro", "second"),
        ],
        movements="""
            2024-01-01  new           100EUR   euro  subscription
            2024-06-10  churn         -100EUR  euro  subscription
            2024-09-05  reactivation  100EUR   euro  subscription
        """,
        tables={
            "metric_mrr_waterfall grain=month": """
                period_start  opening_mrr  new_mrr  fx_mrr  churn_mrr  reactivation_mrr  closing_mrr
                2024-01       0            110      0       0          0                 110
                2024-06       110          0        -10     100        0                 0
                2024-07
                2024-09       0            0        0       0          100               100
            """,
            "metric_customers grain=month dimension=total": """
                period_start  customers
                2024-05       1
                2024-06       0
                2024-07
                2024-09       1
            """,
            "metric_arpa grain=month dimension=total": """
                period_start  mrr  customers  arpa
                2024-05       110  1          110
                2024-06       0    0          null
                2024-07
                2024-09       100  1          100
            """,
        },
        why="""EUR 100 are USD 110 until 31 May, USD 100 from then on: 110 - 10 - 100 = 0. In July
            nobody pays and nothing moves, so it has no rows, and no average.""",
        as_of="2025-07-01",
    ),
    LagoCase(
        "G22",
        "dollars are reported in euros",
        guards=("R17",),
        options={"reporting_currency": "EUR"},
        rates="2024-01-01  USD  EUR  0.90",
        plans={"dollar": "100"},
        history=[subscribe("2024-01-10 12:00", "dollar")],
        movements="2024-01-10  new  100  dollar  subscription",
        tables={
            "metric_mrr grain=month": """
                period_start  currency  reporting_currency  native_mrr  mrr
                2024-01       USD       EUR                 100         90
            """,
            "metric_arr grain=month": """
                period_start  reporting_currency  arr_run_rate
                2024-01       EUR                 1080
            """,
        },
        why="100 x 0.90, and 12 times that.",
        as_of="2025-07-01",
    ),
    SurfaceCase(
        "G28",
        "from USD 100 to EUR 90 is the dollar that the total loses",
        options=IN_DOLLARS,
        rates="2024-01-01  EUR  USD  1.10",
        facts=[
            item("2024-01-01", "2024-03-10", 100, currency="USD"),
            item("2024-03-10", None, 90, currency="EUR"),
        ],
        movements="""
            2024-01-01  new          100               basic  subscription
            2024-03-10  transfer     -100              basic  currency_change
            2024-03-10  transfer     90.9090909091EUR  basic  currency_change
            2024-03-10  contraction  -0.9090909091EUR  basic  currency_change
        """,
        tables={
            "metric_mrr_waterfall grain=month": """
                period_start  currency  opening_mrr  transfer_mrr    contraction_mrr  closing_mrr
                2024-03       USD       100          -100            0                0
                2024-03       EUR       0            100.00000000001 1.00000000001    99
            """
        },
        why="""EUR 90 are USD 99, 1 less than 100: USD 100 moved, which are EUR 90.9090909091 at the
            ledger's ten decimals, and USD 1 is lost, which are EUR 0.9090909091. Lago keeps to one
            currency per customer.""",
        as_of="2025-07-01",
    ),
    LagoCase(
        "G42",
        "two currencies are two rows, never one sum",
        plans={"dollar": "100", "euro": PlanSpec("50", currency="EUR")},
        history=[
            subscribe("2024-01-01", "dollar", "a", by="A"),
            subscribe("2024-01-01", "euro", "b", by="B"),
        ],
        movements="""
            2024-01-01  new  100    dollar  subscription
            2024-01-01  new  50EUR  euro    subscription
        """,
        mrr={"2024-01-31": "100 50EUR"},
        arr={"2024-01-31": "1200 600EUR"},
        customers="2024-01  all  new 2  customers 2",
        tables={
            "metric_churn grain=month dimension=total": """
                period_start  reporting_currency  opening_customers  opening_mrr
                2024-02       USD                 1                  100
                2024-02       EUR                 1                  50
                2024-02       any                 2                  null
            """
        },
        why="Without rates there is no total: what counts whatever the currency has no amount.",
    ),
]
