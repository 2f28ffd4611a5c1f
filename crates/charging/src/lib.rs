//! Pools and bundles: who may use how much data, where and until when.

pub mod pool;
