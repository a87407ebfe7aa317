"""What use costs, by Google's clock: usage is priced, budgets are evaluated, caps stop what they stop."""
