"""What differs between a stack as it was last applied and Google: by whom, since when, and what it means in money."""
