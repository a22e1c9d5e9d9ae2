"""The package as a whole: its front door, and features of real shops."""

import pyrec


def test_the_door_is_the_class_that_models_take():
    assert pyrec.features.Features is pyrec.Features
