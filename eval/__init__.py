"""The agreement harness: how far a model agrees with hand labels. Imports `models` only."""
