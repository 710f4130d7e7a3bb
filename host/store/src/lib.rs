//! rota-store
