"""Many stacks: their order, the child process of each, what became of them, and where a run that ended goes on."""
