//! rota-rules
