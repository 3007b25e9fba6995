"""`make chaos`: injects faults into the real system under load, then checks its consistency."""
