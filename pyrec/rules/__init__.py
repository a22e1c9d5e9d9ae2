"""Rules of a shop inside the lists: what may appear, caps, pins, boosts."""
