"""Which faults and misdeeds can the operator be made to show? One function per leak, in the file of the place that leaks."""
