"""Generated billing databases to try Tidemill on."""
