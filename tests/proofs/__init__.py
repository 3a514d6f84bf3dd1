"""Programs that prove something at length and print their figures; CI plays samples."""
