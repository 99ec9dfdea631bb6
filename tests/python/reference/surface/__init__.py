"""An independent reference over the surface: rows of any engine to balances and movements."""
