/* Who gets this record? Rota decides. HubSpot custom-code action, Node.js 24.
 *
 * Secrets of the action:
 *   ROTA_URL    where Rota answers, such as https://rota.acme.example
 *   ROTA_TOKEN  a token of the role operator (rota token new --role operator)
 *
 * Data outputs of the action. Give them these names and types; one that does not apply is
 * left out and reads as unknown.
 *   rota_owner         string       the owner's id in HubSpot
 *   rota_rep           string       the rep's id in Rota
 *   rota_outcome       enumeration  assign, offer, queue, nurture, reject, pass, coalesced, kept; error if Rota refused
 *   rota_queue         string       the queue where the record waits
 *   rota_reason        string       why, in one line
 *   rota_response_due  datetime     by when the lead shall have its first answer, in unix milliseconds
 *   rota_decision      string       the decision's id: rota why <id>
 *   rota_repeated      boolean      whether this answers an execution that was answered before
 *   rota_error         string       a code, and what to do; branch on "is known"
 *
 * An execution that is repeated gets the same answer: callbackId is the key of the call.
 */
"use strict";

// The connection of Rota's workspace that is this HubSpot account.
const CONNECTION = "hs";
// "host": Rota writes the owner and the tasks itself. "caller": the workflow does, from rota_owner.
const APPLY = "host";
// Ask this flow of the workspace only; empty lets the workspace choose.
const FLOW = "";

// HubSpot ends an execution after 20 seconds.
const WAIT_MS = 18000;
// What it takes for the server's own words to come back before we stop listening.
const WAY_BACK_MS = 1500;
// A second attempt is made if the first failed so quickly that this much is left.
const SECOND_ATTEMPT_MS = 8000;
const PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 2000;

exports.main = async (event) => {
  const question = ask(event);
  if (question.refused) return { outputFields: question.refused };
  const end = Date.now() + WAIT_MS;
  let answer = await call(question.body, end);
  const pause = pauseBefore(answer);
  if (pause !== null && end - Date.now() - pause > SECOND_ATTEMPT_MS) {
    await new Promise((resume) => setTimeout(resume, pause));
    answer = await call(question.body, end);
  }
  if (again(answer.status)) throw failure(answer);
  return { outputFields: outputs(answer) };
};

function ask(event) {
  if (!process.env.ROTA_URL || !process.env.ROTA_TOKEN) {
    return { refused: refusal("no-secrets", "Add the secrets ROTA_URL and ROTA_TOKEN to this action.") };
  }
  const object = event.object ?? {};
  if (!object.objectType || !object.objectId) {
    return { refused: refusal("no-record", "Use this action in a workflow whose records have owners.") };
  }
  const type = String(object.objectType).toLowerCase();
  const id = String(object.objectId);
  const origin = event.origin ?? {};
  const body = {
    ref: { connection: CONNECTION, object: type, id },
    apply: APPLY,
    idempotency_key: event.callbackId || ["hubspot", origin.portalId, origin.actionDefinitionId, type, id].join(":"),
  };
  if (FLOW) body.flow = FLOW;
  return { body };
}

// The status is 0 where there was no answer.
async function call(body, end) {
  const left = Math.max(end - Date.now(), 1);
  try {
    const response = await fetch(process.env.ROTA_URL.replace(/\/+$/, "") + "/v1/route", {
      method: "POST",
      headers: { authorization: `Bearer ${process.env.ROTA_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ ...body, timeout_ms: Math.max(left - WAY_BACK_MS, 1) }),
      redirect: "manual",
      signal: AbortSignal.timeout(left),
    });
    const text = await response.text();
    return { status: response.status, retryAfter: response.headers.get("retry-after"), said: read(text) };
  } catch (error) {
    return { status: 0, said: { detail: `Rota cannot be reached: ${error.cause?.code ?? error.name}` } };
  }
}

function read(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

// No answer, too many requests and the server's own trouble pass; anything else would come again.
function again(status) {
  return status === 0 || status === 429 || status >= 500;
}

function pauseBefore(answer) {
  if (!again(answer.status)) return null;
  const wanted = Number(answer.retryAfter ?? NaN) * 1000;
  const pause = Number.isFinite(wanted) ? Math.max(wanted, PAUSE_MS) : PAUSE_MS;
  return pause <= LONGEST_PAUSE_MS ? pause : null;
}

// HubSpot runs an action again, for up to three days, if an error leaves it that is axios's for
// 429 or 5xx. So this one looks like that; where there was no answer, it is a 503.
function failure(answer) {
  const status = answer.status || 503;
  const detail = answer.said.detail ?? "Rota did not say why";
  const error = new Error(`Request failed with status code ${status} (${detail})`);
  error.name = "AxiosError";
  error.isAxiosError = true;
  error.code = status >= 500 ? "ERR_BAD_RESPONSE" : "ERR_BAD_REQUEST";
  error.status = status;
  error.response = { status, statusText: detail, headers: {}, data: { message: detail } };
  return error;
}

function outputs(answer) {
  const said = answer.said;
  if (answer.status !== 200 || typeof said.decision !== "string") {
    const code = String(said.type ?? "").replace("urn:rota:problem:", "") || `status-${answer.status}`;
    return refusal(code, [said.detail, said.mend].filter(Boolean).join(" ") || "See that ROTA_URL is Rota's own address.");
  }
  return known({
    rota_owner: said.owner,
    rota_rep: said.rep,
    rota_outcome: said.outcome,
    rota_queue: said.queue,
    rota_reason: cut(said.reason?.detail || said.reason?.code),
    rota_response_due: said.response_due ? Date.parse(said.response_due) : null,
    rota_decision: said.decision,
    rota_repeated: said.repeated === true,
  });
}

function refusal(code, mend) {
  console.log(`Rota refused: ${code}`);
  return { rota_outcome: "error", rota_error: cut(`${code}: ${mend}`), rota_repeated: false };
}

function known(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

// HubSpot refuses texts of more than 65,000 characters.
function cut(text) {
  return text ? String(text).slice(0, 1000) : null;
}
