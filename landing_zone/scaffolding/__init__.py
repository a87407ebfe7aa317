"""Files to begin with: stack files (`gemini-lz new`) and CI files (`gemini-lz ci`)."""
