"""The buckets of the embedded AWS as far as moto is lenient: defaults, policies, ACLs, and block public access."""
