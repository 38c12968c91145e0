"""Whatever happens to a fleet: nobody who works is ended before its time, and in the end all is quiet."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconcile.drains import Drains

STORIES = settings(max_examples=30, deadline=None)
SEEDS = st.integers(0, 2**32)


@STORIES
@given(SEEDS)
@example(40710)  # the marks failed, and could be written again before the ReplicaSet chose
@example(899)  # all had to go, and then some were wanted again before the ReplicaSet had begun
def test_no_pod_that_works_ends_before_its_time_unless_money_or_its_author_say_so(seed: int) -> None:
    story = Drains(seed)
    story.live(150)
    assert story.wrong == []
    assert [one for one in story.went if one.work and not one.excuse] == []


@STORIES
@given(SEEDS)
def test_then_it_comes_to_what_was_decided_and_writes_nothing_more(seed: int) -> None:
    story = Drains(seed)
    story.live(60)
    story.calm(200)
    assert story.wrong == []
    count = story.spec["replicas"]
    assert (story.wanted, story.replicas, len(story.pods)) == (count, count, count)
    assert [one for one in story.world.running if one.resting is not None or one.deleting] == []
    story.world.writes.clear()
    story.calm(130)
    assert story.world.writes == []


def test_the_stories_have_what_they_are_about() -> None:
    """Else they would prove nothing."""
    excuses, idle, rested, back = set(), 0, 0, 0
    for seed in range(40):
        story = Drains(seed)
        story.live(150)
        excuses |= {one.excuse for one in story.went if one.work}
        idle += sum(not one.work and not one.excuse for one in story.went)
        rested += sum(word.startswith("rest ") for word in story.world.writes)
        back += sum(word.startswith("serve ") for word in story.world.writes)
    assert excuses >= {"all go", "rollout", "money", "time", "silent", "labels refused"}
    assert min(idle, rested, back) > 10
