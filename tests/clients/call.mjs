// Calls every route of the OpenAPI document against a running server, with the generated
// client. What is sent and what is answered is checked against the document on the way.
//
//   node call.mjs http://127.0.0.1:8080
//
// ROTA_TOKEN is an admin's of a tenant, ROTA_HOST_TOKEN the operator's, ROTA_APP_SECRET that
// of the app `main`. The last line of the output is one of JSON: what became of each call.
import { agreed, make } from "./make.mjs";
import { samples } from "./samples.mjs";

const url = process.argv[2];
const { ROTA_TOKEN, ROTA_HOST_TOKEN, ROTA_APP_SECRET } = process.env;
const document = await agreed();
const { sdk, client } = await make(document);
client.setConfig({ baseUrl: url });

// What is made is there before it is read, and goes when all have seen it.
const order = ["post", "put", "patch", "get", "delete"];
const operations = Object.entries(document.paths)
  .flatMap(([path, methods]) => Object.entries(methods).map(([method, about]) => ({ path, method, ...about })))
  .sort((a, b) => order.indexOf(a.method) - order.indexOf(b.method));

const known = new Set(operations.map((operation) => operation.operationId));
const answers = {};
const result = { called: 0, well: [], refused: [], wrong: [] };

for (const name of Object.keys(samples).filter((name) => !known.has(name))) {
  result.wrong.push(`${name}: samples.mjs has it, and the document does not`);
}
for (const operation of operations) {
  const name = operation.operationId;
  const call = sdk[name];
  if (!call) {
    result.wrong.push(`${name}: the generated client has no such function`);
    continue;
  }
  const role = operation["x-rota-role"];
  const auth = (scheme) => (scheme.type === "http" ? (role === "host" ? ROTA_HOST_TOKEN : ROTA_TOKEN) : undefined);
  const expected = Object.keys(operation.responses).map(Number).find((status) => status >= 200 && status < 300);
  try {
    const sample = samples[name]?.({ answers, url, secret: ROTA_APP_SECRET });
    const { data, error, response } = await call({ ...(sample ?? guessed(operation)), auth });
    result.called += 1;
    answers[name] = data;
    if (response?.status === expected) result.well.push(name);
    else if (!response) result.wrong.push(`${name}: ${say(error)}`);
    else if (sample) result.wrong.push(`${name}: ${response.status} instead of ${expected}: ${say(error)}`);
    else if (response.status < 500 && response.status !== 401 && response.status !== 403 && error?.mend)
      result.refused.push(`${name}: ${response.status} ${error.detail}`);
    else result.wrong.push(`${name}: ${response.status} ${say(error)}`);
  } catch (error) {
    result.wrong.push(`${name}: ${say(error)}`);
  }
}
console.log(JSON.stringify(result));
process.exitCode = result.wrong.length > 0 || result.called < operations.length ? 1 : 0;

function say(error) {
  return error instanceof Error ? (error.issues ? JSON.stringify(error.issues) : error.message) : JSON.stringify(error);
}

/** A call of a route that samples.mjs does not know: what has to be there, and no more. */
function guessed(operation) {
  const options = {};
  for (const parameter of (operation.parameters ?? []).filter((parameter) => parameter.required)) {
    options[parameter.in] = { ...options[parameter.in], [parameter.name]: value(parameter.schema) };
  }
  const content = operation.requestBody?.content ?? {};
  const [media, body] = Object.entries(content)[0] ?? [];
  return media ? { ...options, body: media.includes("json") ? value(body.schema) : "x" } : options;
}

/** The smallest value that fits a schema. */
function value(schema) {
  if (schema.$ref) return value(schema.$ref.slice(2).split("/").reduce((at, key) => at[key], document));
  if ("const" in schema) return schema.const;
  if (schema.enum) return schema.enum[0];
  const several = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (several) return value(several[0]);
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case "string":
      return "x";
    case "integer":
    case "number":
      return 1;
    case "boolean":
      return false;
    case "array":
      return [];
    default:
      return Object.fromEntries((schema.required ?? []).map((key) => [key, value(schema.properties[key])]));
  }
}
