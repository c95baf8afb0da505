"""The door for the clock: a timetable and the runner that keeps it."""
