"""Gates, mailboxes, the outbox and the worker that empties it. Knows no campaign, no person."""
