//! heyon
