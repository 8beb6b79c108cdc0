"""Bytes to values and back, by the published service models."""
