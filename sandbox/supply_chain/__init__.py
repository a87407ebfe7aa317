"""What this project takes from others: which pins there are, whether they hold, and what is known against them."""
