"""The original's dump beside fixed and float."""
