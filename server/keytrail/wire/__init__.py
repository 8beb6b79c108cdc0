"""Encoding and decoding of members, by the service models that AWS publishes."""
