"""From authored statements to a candidate bundle. Imports `models` and `eval`; nothing imports it but the CLI."""
