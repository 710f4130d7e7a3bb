// Makes a client from the OpenAPI document: checks the document against the OpenAPI 3.1
// schema, generates TypeScript with validators for what is sent and answered, and compiles it.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { createClient } from "@hey-api/openapi-ts";
import { Validator } from "@seriousme/openapi-schema-validator";
import ts from "typescript";

const here = path.dirname(fileURLToPath(import.meta.url));
const made = path.join(here, "made");

/** The document as the repository keeps it: a snapshot, whose head ends with a line of dashes. */
export async function agreed() {
  const file = path.join(here, "../it/service/snapshots/it__service__openapi__openapi.snap");
  const text = await readFile(file, "utf8");
  return JSON.parse(text.slice(text.indexOf("\n---\n") + 5));
}

/** The client's functions, one an operation, freshly made. */
export async function make(document) {
  const checked = await new Validator().validate(structuredClone(document));
  if (!checked.valid) throw new Error(`the document is no OpenAPI 3.1: ${JSON.stringify(checked.errors, null, 1)}`);
  await rm(made, { recursive: true, force: true });
  await mkdir(made, { recursive: true });
  await writeFile(path.join(made, "openapi.json"), JSON.stringify(document));
  await createClient({
    input: path.join(made, "openapi.json"),
    output: { path: path.join(made, "ts"), importFileExtension: ".js" },
    plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "zod", { name: "@hey-api/sdk", validator: true }],
    logs: { level: "warn", file: false },
  });
  compile();
  const sdk = await import(path.join(made, "js/sdk.gen.js"));
  const { client } = await import(path.join(made, "js/client.gen.js"));
  return { sdk, client };
}

function compile() {
  const options = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ES2022,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    types: [],
    strict: true,
    skipLibCheck: true,
    rootDir: path.join(made, "ts"),
    outDir: path.join(made, "js"),
  };
  const program = ts.createProgram([path.join(made, "ts/sdk.gen.ts")], options);
  const wrong = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  if (wrong.length > 0) {
    const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => made, getNewLine: () => "\n" };
    throw new Error(`the generated client does not compile:\n${ts.formatDiagnostics(wrong, host)}`);
  }
}
