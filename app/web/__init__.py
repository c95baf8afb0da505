"""The door for browsers: supporters, organisers, coordinators."""
