//! rota-flow
