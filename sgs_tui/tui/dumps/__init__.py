"""The dump browser."""
