"""What every stack needs beforehand: the seed project, the account that runs stacks, the state's bucket and key."""
