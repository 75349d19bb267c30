"""With what means is a live system asked? Requests within a budget, sessions of our own test accounts, and what proves a disclosure."""
