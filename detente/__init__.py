"""The command line. On top of everything; nothing imports it."""
