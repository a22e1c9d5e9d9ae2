import time

import numpy as np
import pytest

from pyrec.workflow.steps import Steps


def test_steps_are_timed_in_order():
    steps = Steps()
    with steps("first"):
        time.sleep(0.02)
    with steps("second"):
        pass
    assert [step.name for step in steps.done] == ["first", "second"]
    assert steps.done[0].seconds >= 0.02 > steps.done[1].seconds


def test_the_peak_of_memory_is_that_of_the_step():
    steps = Steps()
    with steps("large"):
        np.ones(30_000_000)  # 240 MB, gone at once
    with steps("small"):
        pass
    large, small = steps.done
    assert large.peak_bytes - small.peak_bytes > 100e6


def test_the_listener_hears_beginning_progress_and_end():
    heard = []
    steps = Steps(lambda *event: heard.append(event))
    with steps("work") as progress:
        progress(3, 10)
    assert heard == [("work", 0, 0), ("work", 3, 10), ("work", 1, 1)]


def test_a_step_that_fails_is_not_done():
    steps = Steps()
    with pytest.raises(KeyError), steps("work"):
        raise KeyError
    assert steps.done == []
