"""What the spend guard decides and remembers: pure, without calls, files or settings."""
