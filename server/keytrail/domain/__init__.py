"""The concepts of KMS as frozen values. A change returns a new value, or raises the error that KMS would raise."""
