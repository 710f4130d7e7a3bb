//! The OpenAPI 3.1 document, worked out from the table of routes.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use schemars::generate::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::schemas::Schemas;
use super::{Body, Route};
use crate::http::Doors;
use crate::http::problem::PROBLEM;

/// Where the document is served, to everybody.
pub(super) const PATH: &str = "/openapi.json";

/// Serves the document.
pub(super) fn serve(document: &Value) -> Router<Arc<Doors>> {
    let text: Arc<str> = document.to_string().into();
    let answer = move || {
        let text = text.to_string();
        async move { ([(header::CONTENT_TYPE, "application/json")], text) }
    };
    Router::new().route(PATH, get(answer))
}

/// The document of these routes.
pub(super) fn document(routes: &[Route]) -> Value {
    let mut schemas = Schemas::new();
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let methods = paths.entry(route.path.to_owned()).or_insert_with(|| json!({}));
        methods[route.method.as_str().to_ascii_lowercase()] = operation(route, &mut schemas);
    }
    let mut paths = Value::Object(paths);
    let mut definitions = schemas.definitions(&mut paths);
    definitions.insert("Problem".into(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Rota",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Routes leads by customers' own rules. Every error is problem+json with what to do under `mend`.",
        },
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "token": {
                    "type": "http", "scheme": "bearer",
                    "description": "A tenant's token says the tenant. With the host operator's token, the header X-Rota-Tenant names it.",
                },
                "signature": {
                    "type": "apiKey", "in": "header", "name": "X-HubSpot-Signature-v3",
                    "description": "HubSpot's signature of version 3, with X-HubSpot-Request-Timestamp beside it.",
                },
            },
        },
    })
}

fn operation(route: &Route, schemas: &mut Schemas) -> Value {
    let mut operation = json!({
        "operationId": route.name,
        "summary": route.summary,
        "responses": {
            route.status.as_str(): answer("What was asked for.", route.gives.as_ref(), &mut schemas.given),
            "default": { "description": "Why not, and what to do.", "content": { PROBLEM: { "schema": { "$ref": "#/components/schemas/Problem" } } } },
        },
    });
    also(&mut operation["responses"][route.status.as_str()], route.or_gives);
    let mut parameters: Vec<Value> = path_parameters(route.path).collect();
    if let Some(query) = route.query {
        parameters.extend(query_parameters(&query(&mut schemas.asked).to_value()));
    }
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(Body { media, schema }) = &route.takes {
        operation["requestBody"] =
            json!({ "required": true, "content": { *media: { "schema": schema(&mut schemas.asked) } } });
        also(&mut operation["requestBody"], route.or_takes);
    }
    if route.signed {
        operation["security"] = json!([{ "signature": [] }]);
    }
    if let Some(role) = route.role {
        operation["security"] = json!([{ "token": [] }]);
        operation["x-rota-role"] = role.as_str().into();
    }
    operation
}

fn answer(what: &str, body: Option<&Body>, schemas: &mut SchemaGenerator) -> Value {
    match body {
        Some(Body { media, schema }) => {
            json!({ "description": what, "content": { *media: { "schema": schema(schemas) } } })
        }
        None => json!({ "description": what }),
    }
}

/// Text of these kinds as well.
fn also(described: &mut Value, media: &[&str]) {
    for media in media {
        described["content"][*media] = json!({ "schema": { "type": "string" } });
    }
}

fn path_parameters(path: &'static str) -> impl Iterator<Item = Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| json!({ "name": name.trim_start_matches('*'), "in": "path", "required": true, "schema": { "type": "string" } }))
}

fn query_parameters(schema: &Value) -> Vec<Value> {
    let required: Vec<String> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| Some(name.as_str()?.to_owned()))
        .collect();
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let parameter = |(name, mut schema): (String, Value)| {
        let about = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let mut parameter = json!({ "name": name, "in": "query", "schema": schema });
        if let Some(about) = about {
            parameter["description"] = about;
        }
        if required.contains(&name) {
            parameter["required"] = true.into();
        }
        parameter
    };
    properties.into_iter().map(parameter).collect()
}

fn problem() -> Value {
    let text = |about: &str| json!({ "type": "string", "description": about });
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "mend"],
        "properties": {
            "type": text("A stable name, urn:rota:problem:…"),
            "title": text("The status in words."),
            "status": { "type": "integer" },
            "detail": text("What happened, and to which thing."),
            "mend": text("What to do."),
        },
    })
}
