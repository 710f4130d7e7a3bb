//! rota-sandbox
