"""Widgets that know nothing of dumps: lines, tables, bars."""
