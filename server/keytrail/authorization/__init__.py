"""May they: policies, conditions and grants against a request."""
