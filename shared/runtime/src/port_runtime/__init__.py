"""What every process needs: settings, secrets, logs, traces, metrics, health checks."""
