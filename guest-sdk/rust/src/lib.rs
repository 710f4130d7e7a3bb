//! rota-sdk
