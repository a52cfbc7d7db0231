"""The exposure of entries that admit traffic from ranges of addresses, and the settings of controls that limit it."""
