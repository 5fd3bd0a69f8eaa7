"""The causes a diagnosis can name, one a file."""
