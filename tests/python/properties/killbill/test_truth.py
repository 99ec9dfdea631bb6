"""Random histories of Kill Bill: what the models make of its tables is what truly happened.

The project is built once, over empty tables. Each example is played on the simulator, and the
intervals of the models are compared with those that follow from what was asked for.
"""

from hypothesis import given

from reference.killbill.truth import subscription_intervals

from .actions import Action
from .build import INTERVALS, KillBillBuild
from .catalogue import END
from .compare import differences
from .histories import histories
from .play import play


@given(history=histories())
def test_intervals_are_what_was_asked_for(build: KillBillBuild, history: list[Action]) -> None:
    played = play(history)
    rows = subscription_intervals(played.told, END)
    found = differences(rows, build.table(played, INTERVALS))
    assert not found, "\n".join(found[:20])
