// What is sent to which route, so that it answers well. A route that is not named here is
// called all the same, with the least that its schema asks for; then it may refuse, politely.
//
// A sample is given the answers of the calls before it, by operation: POST comes first, then
// PUT, PATCH, GET and DELETE.
import { createHmac } from "node:crypto";

export const samples = {
  health: () => ({}),
  status: () => ({}),
  metrics: () => ({}),
  makeToken: () => ({ body: { role: "viewer", name: "a client's" } }),
  listTokens: () => ({ query: { limit: 1 } }),
  revokeToken: ({ answers }) => ({ path: { id: answers.makeToken.id } }),
  makeHostToken: () => ({ body: { name: "a client's" } }),
  listHostTokens: () => ({}),
  revokeHostToken: ({ answers }) => ({ path: { id: answers.makeHostToken.id } }),
  makeTenant: () => ({ body: { tenant: "made-by-client", admin: "first" } }),
  changeTenant: ({ answers }) => ({ path: { id: answers.makeTenant.tenant }, body: { suspended: true } }),
  listTenants: () => ({}),
  listChanges: () => ({ query: { limit: 2 } }),
  listHostChanges: () => ({}),
  listOutbox: () => ({ query: { limit: 1 } }),
  listOutboxCauses: () => ({ query: { limit: 1 } }),
  retryOutbox: () => ({ body: { all: true } }),
  dropOutbox: () => ({ body: { cause: "not-found" } }),
  listConnections: () => ({ query: { limit: 1 } }),
  listPlugins: () => ({ query: { limit: 1 } }),
  listSecrets: () => ({ query: { limit: 1 } }),
  receiveHubspotWebhook: signed,
};

/** An empty webhook, signed as HubSpot signs (v3). */
function signed({ url, secret }) {
  const [body, timestamp] = [[], String(Date.now())];
  const text = `POST${url}/v1/hubspot/main/webhook${JSON.stringify(body)}${timestamp}`;
  return {
    path: { app: "main" },
    body,
    headers: {
      "X-HubSpot-Signature-v3": createHmac("sha256", secret).update(text).digest("base64"),
      "X-HubSpot-Request-Timestamp": timestamp,
    },
  };
}
