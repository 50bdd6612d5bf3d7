"""One file a command: its options, and the call that carries it out."""
