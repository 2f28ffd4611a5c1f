//! Nothing: the integration tests are the binary `tests/it`, one module per noun.
