"""One file a channel: hand one message over, or say TryLater, NeverWill or Unknown."""
