"""Whether a caller may do what it requests: policies, their conditions, and grants."""
