"""What a shell completes, asked for as a shell does."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# As the installed script calls it: the name of the program is that of the variables.
TIDEMILL = "import sys; sys.argv = ['tidemill']; from tidemill_cli.app import main; main()"


def completed(words: str) -> list[str]:
    """The words that bash is offered after these."""
    done = subprocess.run(
        [sys.executable, "-c", TIDEMILL],
        env={
            **os.environ,
            "_TIDEMILL_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("tidemill chu", ["churn"]),
        ("tidemill churn --by co", ["country"]),
        ("tidemill mrr --gra", ["--grain"]),
        ("tidemill mrr --grain q", ["quarter"]),
        ("tidemill explain mo", ["movement"]),
        ("tidemill segments l", ["list", "load"]),
        ("tidemill definitions s", ["set"]),
    ],
)
def test_a_word_is_completed(words: str, offered: list[str]) -> None:
    assert completed(words) == offered
