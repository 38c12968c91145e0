"""Every block of YAML on every page is what it says: kinds can be planned, values are the chart's."""

from pathlib import Path

import pytest

from docs.manifests import ELSEWHERE, documents, judge
from docs.markdown import Block, every_block
from docs.sandbox import furnish

pytestmark = pytest.mark.programs

BLOCKS = [pytest.param(block, id=block.where) for block in every_block("yaml")]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_yaml_is_accepted_by_whoever_reads_it(block: Block, tmp_path: Path) -> None:
    furnish(block.page, tmp_path)
    judge(block, tmp_path)


def test_what_another_test_judges_is_there() -> None:
    found = {key for block in every_block("yaml") for raw in documents(block) for key in raw}
    assert ELSEWHERE.keys() <= found
