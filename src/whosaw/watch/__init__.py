"""How is a leak seen while it happens? The same way through the house, always on."""
