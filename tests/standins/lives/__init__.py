"""The life of one resource of each type of the stand-in, as the engine would lead it; see `leading`."""
