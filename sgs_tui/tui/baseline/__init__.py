"""What changed since an earlier comparison."""
