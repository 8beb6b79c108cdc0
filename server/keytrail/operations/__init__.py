"""The operations of the services, one function each, declared with what is true of the whole operation."""
