"""The comparison at hand: opening, reading, judging again."""
