"""The address book: offices, their contact points, their forms of address."""
