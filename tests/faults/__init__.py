"""`make chaos`: the real system under load, with everything killed, cut, filled and wiped; then the reckoning."""
