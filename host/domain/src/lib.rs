//! rota-domain
