//! Nothing is here: the example is a test, tests/kms.rs.
