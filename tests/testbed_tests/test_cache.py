"""What stays in the user's cache, and what goes."""

import os
from pathlib import Path

from testbed import cache


def test_the_newest_stay_and_the_others_go(tmp_path: Path) -> None:
    for age, name in enumerate(("oldest", "older", "old", "new"), start=1):
        made = tmp_path / name
        made.mkdir()
        (made / "layer.tar").touch()
        os.utime(made, (age, age))
    cache.keep_newest(tmp_path, 2)
    assert {left.name for left in tmp_path.iterdir()} == {"old", "new"}
    cache.keep_newest(tmp_path, 3)
    assert {left.name for left in tmp_path.iterdir()} == {"old", "new"}
