"""HTTP: the service's endpoint and the control API."""
