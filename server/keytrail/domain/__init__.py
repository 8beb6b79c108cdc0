"""What KMS is: frozen values; a change returns a new value or raises the error that KMS would."""
