"""`make demo`: a stolen key, once without and once with limits and guard, on local clouds of its own."""
