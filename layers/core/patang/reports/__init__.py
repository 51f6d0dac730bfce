"""What the desk tells of a day, a month and a financial year."""
