"""Uses of a released model: files of statements, tables, HTTP. Imports `models` only."""
