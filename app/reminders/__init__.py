"""Who is owed which nudge today, and telling organisers what is about to close."""
