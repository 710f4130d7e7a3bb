//! rota-crm
