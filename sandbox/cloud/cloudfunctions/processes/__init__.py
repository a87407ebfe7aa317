"""Running functions: unpacking their archives, their processes, and what a process finds around it at Google."""
