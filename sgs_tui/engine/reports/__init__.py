"""What leaves the program for other people: the facts behind pictures, reports and bundles."""
