"""What every process of the system needs: secrets, settings, logs, health."""
