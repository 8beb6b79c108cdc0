"""Who is calling: access keys, sessions, and the signatures of requests."""
