"""An independent reference for the numbers: plain loops over raw rows, walked day by day."""
