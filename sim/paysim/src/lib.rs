//! paysim
