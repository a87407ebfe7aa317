"""What stands in the way of a stack before anything is made: each finding with its remedy and the exact command."""
