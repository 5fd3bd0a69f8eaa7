"""The headless front end: Rich tables and machine formats."""
