"""Engine work as generators of messages, for `Job`s."""
