"""Who gets this record? Rota decides. HubSpot custom-code action, Python.

Secrets of the action:
  ROTA_URL    where Rota answers, such as https://rota.acme.example
  ROTA_TOKEN  a token of the role operator (rota token new --role operator)

Data outputs of the action. Give them these names and types; one that does not apply is
left out and reads as unknown.
  rota_owner         string       the owner's id in HubSpot
  rota_rep           string       the rep's id in Rota
  rota_outcome       enumeration  assign, offer, queue, nurture, reject, pass, coalesced, kept; error if Rota refused
  rota_queue         string       the queue where the record waits
  rota_reason        string       why, in one line
  rota_response_due  datetime     by when the lead shall have its first answer, in unix milliseconds
  rota_decision      string       the decision's id: rota why <id>
  rota_repeated      boolean      whether this answers an execution that was answered before
  rota_error         string       a code, and what to do; branch on "is known"

An execution that is repeated gets the same answer: callbackId is the key of the call.
"""

import calendar
import json
import os
import threading
import time
import types
import urllib.error
import urllib.request

# The connection of Rota's workspace that is this HubSpot account.
CONNECTION = "hs"
# "host": Rota writes the owner and the tasks itself. "caller": the workflow does, from rota_owner.
APPLY = "host"
# Ask this flow of the workspace only; empty lets the workspace choose.
FLOW = ""

# HubSpot ends an execution after 20 seconds.
WAIT_S = 18.0
# What it takes for the server's own words to come back before we stop listening.
WAY_BACK_S = 1.5
# A second attempt is made if the first failed so quickly that this much is left.
SECOND_ATTEMPT_S = 8.0
PAUSE_S = 0.5
LONGEST_PAUSE_S = 2.0


def main(event):
    body, refused = ask(event)
    if refused:
        return {"outputFields": refused}
    end = time.monotonic() + WAIT_S
    answer = call(body, end)
    pause = pause_before(answer)
    if pause is not None and end - time.monotonic() - pause > SECOND_ATTEMPT_S:
        time.sleep(pause)
        answer = call(body, end)
    if again(answer["status"]):
        raise ApiException(answer["status"] or 503, answer["said"].get("detail") or "Rota did not say why")
    return {"outputFields": outputs(answer)}


class ApiException(Exception):
    """HubSpot runs an action again, for up to three days, if an error leaves it that is its
    client's for 429 or 5xx. So this one looks like that, and like one of requests; where there
    was no answer, it is a 503."""

    def __init__(self, status, reason):
        super().__init__("({0})\nReason: {1}\n".format(status, reason))
        self.status = status
        self.reason = reason
        self.body = None
        self.headers = {}
        self.response = types.SimpleNamespace(status_code=status, reason=reason, headers={})


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token is shown to ROTA_URL and to nobody else."""

    def redirect_request(self, *_):
        return None


def ask(event):
    if not os.getenv("ROTA_URL") or not os.getenv("ROTA_TOKEN"):
        return None, refusal("no-secrets", "Add the secrets ROTA_URL and ROTA_TOKEN to this action.")
    record = event.get("object") or {}
    if not record.get("objectType") or not record.get("objectId"):
        return None, refusal("no-record", "Use this action in a workflow whose records have owners.")
    kind = str(record["objectType"]).lower()
    number = str(record["objectId"])
    origin = event.get("origin") or {}
    place = ["hubspot", str(origin.get("portalId")), str(origin.get("actionDefinitionId")), kind, number]
    body = {
        "ref": {"connection": CONNECTION, "object": kind, "id": number},
        "apply": APPLY,
        "idempotency_key": event.get("callbackId") or ":".join(place),
    }
    if FLOW:
        body["flow"] = FLOW
    return body, None


def call(body, end):
    """Asks in a thread of its own, since a time-out of urllib is for each read and not for all.
    The status is 0 where there was no answer."""
    left = max(end - time.monotonic(), 0.001)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(post(body, left)), daemon=True)
    asking.start()
    asking.join(left)
    return answers[0] if answers else {"status": 0, "said": {"detail": "Rota cannot be reached: time-out"}}


def post(body, left):
    body = dict(body, timeout_ms=max(int((left - WAY_BACK_S) * 1000), 1))
    headers = {"Authorization": "Bearer " + os.environ["ROTA_TOKEN"], "Content-Type": "application/json"}
    try:
        request = urllib.request.Request(
            os.environ["ROTA_URL"].rstrip("/") + "/v1/route", json.dumps(body).encode(), headers, method="POST"
        )
        try:
            response = urllib.request.build_opener(NoRedirect).open(request, timeout=left)
        except urllib.error.HTTPError as refused:
            response = refused
        with response:
            text = response.read()
            return {"status": response.getcode(), "retry_after": response.headers.get("Retry-After"), "said": read(text)}
    except Exception as error:  # Whatever it is, there was no whole answer.
        reason = getattr(error, "reason", error)
        return {"status": 0, "said": {"detail": "Rota cannot be reached: " + type(reason).__name__}}


def read(text):
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def again(status):
    """No answer, too many requests and the server's own trouble pass; anything else would come
    again."""
    return status == 0 or status == 429 or status >= 500


def pause_before(answer):
    if not again(answer["status"]):
        return None
    try:
        pause = max(float(answer.get("retry_after") or 0), PAUSE_S)
    except ValueError:
        pause = PAUSE_S
    return pause if pause <= LONGEST_PAUSE_S else None


def outputs(answer):
    said = answer["said"]
    if answer["status"] != 200 or not isinstance(said.get("decision"), str):
        code = str(said.get("type") or "").replace("urn:rota:problem:", "") or "status-{0}".format(answer["status"])
        mend = " ".join(part for part in [said.get("detail"), said.get("mend")] if part)
        return refusal(code, mend or "See that ROTA_URL is Rota's own address.")
    reason = said.get("reason") or {}
    fields = {
        "rota_owner": said.get("owner"),
        "rota_rep": said.get("rep"),
        "rota_outcome": said.get("outcome"),
        "rota_queue": said.get("queue"),
        "rota_reason": cut(reason.get("detail") or reason.get("code")),
        "rota_response_due": milliseconds(said.get("response_due")),
        "rota_decision": said["decision"],
        "rota_repeated": said.get("repeated") is True,
    }
    return {name: value for name, value in fields.items() if value is not None}


def refusal(code, mend):
    print("Rota refused: " + code)
    return {"rota_outcome": "error", "rota_error": cut(code + ": " + mend), "rota_repeated": False}


def milliseconds(time_text):
    """Rota writes times in UTC, as 2026-03-02T09:00:00.25Z."""
    if not time_text:
        return None
    whole, _, part = time_text.rstrip("Z").partition(".")
    seconds = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S"))
    return seconds * 1000 + int((part + "000")[:3])


def cut(text):
    """HubSpot refuses texts of more than 65,000 characters."""
    return str(text)[:1000] if text else None
