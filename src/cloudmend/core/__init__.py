"""The pure part: nouns, arithmetic, decisions. No boto, no clock, no environment, no logging."""
