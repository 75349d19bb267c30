"""Which faults are looked for? One file per kind of configuration, each with the list of its rules."""
