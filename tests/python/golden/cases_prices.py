"""Golden cases: what one subscription is worth a month."""

from properties.catalogue import PlanSpec
from tidemill_cli.demo.lago.engine import FixedCharge

from .case import LagoCase
from .script import (
    capture,
    edit_seat_price,
    own_price,
    set_seats,
    subscribe,
)

YEARLY = PlanSpec("1200", "yearly")
TIERS = ((0, 5, "10", "0"), (6, None, "8", "0"))


def seats(amount: str, units: int = 1) -> PlanSpec:
    """A plan that has a price for seats alone."""
    return PlanSpec("0", fixed_charges=(FixedCharge("seats", amount, units),))


def prorated(amount: str, units: int = 1) -> PlanSpec:
    """The same, billed in advance and by the day."""
    charge = FixedCharge("seats", amount, units, pay_in_advance=True, prorated=True)
    return PlanSpec("0", fixed_charges=(charge,))


CASES = [
    LagoCase(
        "G9",
        "more seats count from the day they were added",
        guards=("R8",),
        plans={"team": seats("50")},
        history=[subscribe("2024-01-10", "team"), set_seats("2024-09-15", 5)],
        movements="""
            2024-01-10  new        50   team/seats  subscription
            2024-09-15  expansion  200  team/seats  quantity
        """,
        mrr={"2024-01-10": "50", "2024-09-14": "50", "2024-09-15": "250"},
        why="(5 - 1) x 50 = 200 on 15 September, not on the day the item was made.",
        as_of="2025-07-01",
    ),
    LagoCase(
        "G16",
        "no seats are worth nothing",
        guards=("R14",),
        plans={"team": seats("50")},
        history=[subscribe("2024-01-10", "team", units={"seats": 0})],
        mrr={"2024-01-31": "0"},
        why="0 x 50 = 0; a quantity of 0 is not 1.",
    ),
    LagoCase(
        "G17",
        "ten seats in two tiers are 90",
        guards=("R14",),
        plans={
            "team": PlanSpec(
                "0",
                fixed_charges=(
                    FixedCharge("seats", units=10, charge_model="graduated", ranges=TIERS),
                ),
            )
        },
        history=[subscribe("2024-01-01", "team")],
        movements="2024-01-01  new  90  team/seats  subscription",
        mrr={"2024-01-31": "90"},
        why="Five at 10 and five at 8: 50 + 40.",
    ),
    LagoCase(
        "G19",
        "100 a year keeps ten decimals a month",
        guards=("R14",),
        plans={"annual": PlanSpec("100", "yearly")},
        history=[subscribe("2024-01-01", "annual")],
        movements="2024-01-01  new  8.3333333333  annual  subscription",
        mrr={"2024-01-31": "8.3333333333"},
        arr={"2024-01-31": "99.9999999996"},
        why="100 / 12 = 8.33 shown; twelve of them are 99.9999999996, shown as 100.00.",
    ),
    LagoCase(
        "G41",
        "seats count at the old price, and the price at the new seats",
        plans={"team": seats("10", 10)},
        history=[
            subscribe("2024-01-01", "team"),
            capture("2024-01-02"),
            edit_seat_price("2024-03-15 10:00", "team", "9"),
            set_seats("2024-03-15 12:00", 15),
            capture("2024-03-15 13:00"),
        ],
        movements="""
            2024-01-01  new        100  team/seats  subscription
            2024-03-15  expansion  50   team/seats  quantity
            2024-03-15  expansion  -15  team/seats  price
        """,
        mrr={"2024-03-14": "100", "2024-03-15": "135"},
        waterfall="2024-03  team/seats  opening 100  expansion 35  closing 135",
        why="""10 x 10 -> 15 x 9. Quantity (15 - 10) x 10 = 50, price 15 x (9 - 10) = -15, together
            135 - 100 = 35: one type for the day, expansion. Lago forgets the old price; the
            captured versions keep it.""",
    ),
    LagoCase(
        "G43",
        "a yen has no hundredths",
        plans={"yen": PlanSpec("1000", currency="JPY")},
        history=[subscribe("2024-01-01", "yen")],
        movements="2024-01-01  new  1000JPY  yen  subscription",
        mrr={"2024-01-31": "1000JPY"},
        why="Lago keeps 1000 minor units, and one yen is one of them.",
    ),
    LagoCase(
        "G44",
        "a year from 29 February and months from the 31st have no gaps",
        plans={"annual": YEARLY, "monthly": "50"},
        history=[
            subscribe("2024-01-31", "monthly", "m", by="M", billing_time="anniversary"),
            subscribe("2024-02-29", "annual", "y", by="Y", billing_time="anniversary"),
        ],
        movements="""
            2024-01-31  new  50   monthly  subscription
            2024-02-29  new  100  annual   subscription
        """,
        mrr={
            "2024-02-28": "50",
            "2024-02-29": "150",
            "2024-03-30": "150",
            "2024-03-31": "150",
            "2024-04-30": "150",
            "2025-02-28": "150",
            "2025-03-01": "150",
            "2025-06-30": "150",
        },
        why="50 + 1200 / 12; renewals on days a month does not have move nothing.",
        as_of="2025-07-01",
    ),
    LagoCase(
        "V1",
        "1,200 a year is 100 a month",
        plans={"annual": YEARLY},
        history=[subscribe("2024-01-01", "annual")],
        movements="2024-01-01  new  100  annual  subscription",
        mrr={"2024-01-31": "100"},
        why="1200 / 12.",
    ),
    LagoCase(
        "V2",
        "a hundred at 100 a month and fifty at 600 a year are 12,500",
        plans={"monthly": "100", "annual": PlanSpec("600", "yearly")},
        history=[
            *(subscribe("2024-01-01", "monthly", f"m{n}", by=f"m{n}") for n in range(100)),
            *(subscribe("2024-01-01", "annual", f"a{n}", by=f"a{n}") for n in range(50)),
        ],
        movements="""
            2024-01-01  new  10000  monthly  subscription
            2024-01-01  new  2500   annual   subscription
        """,
        mrr={"2024-01-15": "12500"},
        customers="2024-01  all  new 150  customers 150",
        why="100 x 100 + 50 x 600 / 12 = 10,000 + 2,500.",
    ),
    LagoCase(
        "V4-year",
        "120 a year is 10 a month",
        plans={"annual": PlanSpec("120", "yearly")},
        history=[subscribe("2024-01-01", "annual")],
        movements="2024-01-01  new  10  annual  subscription",
        mrr={"2024-01-31": "10"},
        why="120 / 12.",
    ),
    LagoCase(
        "V4-ten",
        "ten at 10 a month are 100",
        plans={"monthly": "10"},
        history=[subscribe("2024-01-01", "monthly", f"s{n}", by=f"c{n}") for n in range(10)],
        movements="2024-01-01  new  100  monthly  subscription",
        mrr={"2024-01-31": "100"},
        why="10 x 10.",
    ),
    LagoCase(
        "V11",
        "seats from 4 to 6 count at once, however they are prorated",
        plans={"team": prorated("10", 4)},
        history=[subscribe("2024-01-01", "team"), set_seats("2024-03-16", 6)],
        movements="""
            2024-01-01  new        40  team/seats  subscription
            2024-03-16  expansion  20  team/seats  quantity
        """,
        mrr={"2024-03-15": "40", "2024-03-16": "60"},
        why="2 x 10 on the day of the change.",
    ),
    LagoCase(
        "V11-next",
        "seats from 4 to 6 with the next period count then",
        plans={"team": prorated("10", 4)},
        history=[
            subscribe("2024-01-01", "team"),
            set_seats("2024-03-16", 6, next_period=True),
        ],
        movements="""
            2024-01-01  new        40  team/seats  subscription
            2024-04-01  expansion  20  team/seats  quantity
        """,
        mrr={"2024-03-16": "40", "2024-03-31": "40", "2024-04-01": "60"},
        why="The next period begins on 1 April.",
    ),
    LagoCase(
        "V15",
        "from 100 to 80 is a contraction of 20",
        plans={"basic": "100"},
        history=[subscribe("2024-01-01", "basic"), own_price("2024-01-15", "80")],
        movements="""
            2024-01-01  new          100  basic  subscription
            2024-02-01  contraction  -20  basic  price
        """,
        mrr={"2024-01-31": "100", "2024-02-01": "80"},
        why="January is billed at 100; the price of its own rolls up to the plan it came from.",
    ),
    LagoCase(
        "V21",
        "three more seats at 5 are 15",
        plans={"team": seats("5", 10)},
        history=[subscribe("2024-01-01", "team"), set_seats("2024-02-10", 13)],
        movements="""
            2024-01-01  new        50  team/seats  subscription
            2024-02-10  expansion  15  team/seats  quantity
        """,
        mrr={"2024-02-09": "50", "2024-02-10": "65"},
        why="(13 - 10) x 5.",
    ),
    LagoCase(
        "V22d",
        "90 for three months is 30 a month",
        plans={"quarterly": PlanSpec("90", "quarterly")},
        history=[subscribe("2024-01-01", "quarterly")],
        movements="2024-01-01  new  30  quarterly  subscription",
        mrr={"2024-01-31": "30", "2024-03-31": "30"},
        why="90 / 3.",
    ),
    LagoCase(
        "V22e",
        "a seat added half way is worth its full price, not what was billed for the rest",
        plans={"bronze": prorated("50")},
        history=[subscribe("2024-01-01", "bronze"), set_seats("2024-03-16", 2)],
        movements="""
            2024-01-01  new        50  bronze/seats  subscription
            2024-03-16  expansion  50  bronze/seats  quantity
        """,
        mrr={"2024-03-15": "50", "2024-03-16": "100", "2024-04-30": "100"},
        why="50 -> 100; the prorated fee of about 25 is an invoice line, not a price.",
    ),
]
