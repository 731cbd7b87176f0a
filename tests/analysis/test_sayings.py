"""The sayings that the model learns from. All text is synthetic."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.errors import DataFileError
from taxonomy import load
from training.sayings import sayings

SAYINGS = """
writer: w1
under:
  - title: Prepaid label
    program: amz.prepaid_return_label
    names:
      unclear_rules: ["Does the prepaid label apply to rings?"]
    inherits:
      cost_shift fraud_exposure: ["It comes back used and I pay the postage."]
      none: ["I opted out."]
    aside: ["Forty orders a day here."]
"""


def test_a_saying_has_its_themes_and_what_it_is_about(tmp_path: Path) -> None:
    (tmp_path / "w1.yml").write_text(SAYINGS)
    (block,) = sayings(load(), tmp_path)
    found = {saying.text: (saying.themes, saying.program, saying.names) for saying in block}
    assert found == {
        "Does the prepaid label apply to rings?": (("unclear_rules",), "amz.prepaid_return_label", True),
        "It comes back used and I pay the postage.": (
            ("cost_shift", "fraud_exposure"),
            "amz.prepaid_return_label",
            False,
        ),
        "I opted out.": ((), "amz.prepaid_return_label", False),
        "Forty orders a day here.": ((), "", False),
    }


@pytest.mark.parametrize(
    ("wrong", "line"),
    [("amz.prepaid_return_label", "4: no program 'amz.x'"), ("unclear_rules", "6: no themes 'amz.x'")],
)
def test_a_saying_of_what_is_not_known_is_refused_with_its_line(tmp_path: Path, wrong: str, line: str) -> None:
    (tmp_path / "w1.yml").write_text(SAYINGS.lstrip().replace(wrong, "amz.x", 1))
    with pytest.raises(DataFileError, match=f"w1.yml:{line}"):
        sayings(load(), tmp_path)
