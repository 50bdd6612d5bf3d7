// The service as the page sees it: three requests, and its refusals in words that say what to do.
// The token is held in this module only: closing or reloading the page forgets it.

let token = "";

export function useToken(given) {
  token = given.trim();
}

export class ServiceFault extends Error {
  /** `kind`: token, size, busy, input, failed, offline or cancelled; `wait`: seconds until another try, or null. */
  constructor(kind, title, message, wait = null) {
    super(message);
    this.kind = kind;
    this.title = title;
    this.wait = wait;
  }
}

export const readAxis = () => ask("v1/axis");

/** Reads an article; empty fields are left out. */
export function readArticle({ article, source, date }, signal) {
  return ask("v1/read", { article, ...(source && { source }), ...(date && { date }) }, signal);
}

/** Scores one statement again; throws where the service could not score it. */
export async function scoreStatement({ text, holder, counterpart }) {
  const { results } = await ask("v1/stance", {
    statements: [{ id: "0", text, ...(holder && { holder }), ...(counterpart && { counterpart }) }],
  });
  if (results[0].error) throw new ServiceFault("input", "Not scored", results[0].error);
  return results[0];
}

async function ask(path, body, signal) {
  let response;
  try {
    response = await fetch(path, {
      method: body ? "POST" : "GET",
      headers: {
        Accept: "application/json",
        ...(body && { "Content-Type": "application/json" }),
        ...(token && { Authorization: `Bearer ${token}` }),
      },
      body: body && JSON.stringify(body),
      cache: "no-store",
      credentials: "same-origin",
      signal,
    });
    if (response.ok) return await response.json();
  } catch (fault) {
    if (fault.name === "AbortError") throw new ServiceFault("cancelled", "Cancelled", "The article was not read.");
    if (fault instanceof SyntaxError) {
      throw new ServiceFault("failed", "The answer cannot be read", "Something between this page and the service changed it.");
    }
    throw offline();
  }
  throw await refusal(response);
}

function offline() {
  return navigator.onLine
    ? new ServiceFault("offline", "The service does not answer", "It may be starting or stopped. Your text is still here: try again.")
    : new ServiceFault("offline", "You are offline", "Your text is still here: try again when the connection is back.");
}

async function refusal(response) {
  const said = await response.json().then((body) => String(body.error ?? ""), () => "");
  const wait = secondsOf(response.headers.get("Retry-After"));
  const status = response.status;
  if (status === 401 || status === 403) {
    return token
      ? new ServiceFault("token", "The token was not accepted", "Enter the access token of this service again.")
      : new ServiceFault("token", "This service asks for a token", "Enter the access token that its operator gave you.");
  }
  if (status === 413) {
    return new ServiceFault("size", "The article is too long for this service", sentence(said, "It is over the limit: shorten it, or read it in parts"));
  }
  if (status === 429) {
    return new ServiceFault("busy", "The service is busy", `${sentence(said, "It has as much work as it can take")} Your text is still here.`, wait ?? 5);
  }
  if (status === 503) {
    return new ServiceFault("busy", "The service could not do it now", `${sentence(said, "It is starting or stopping")} Your text is still here.`, wait ?? 5);
  }
  if (status >= 500) {
    return new ServiceFault("failed", "The service failed", `${sentence(said, "It gave no reason")} Your text is still here: try again, or tell its operator (status ${status}).`);
  }
  return new ServiceFault("input", "The service cannot use this", sentence(said, `It answered with status ${status}`));
}

function sentence(said, otherwise) {
  const text = said.trim() || otherwise;
  return `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}

/** Seconds of a Retry-After header: a number, or a date. */
function secondsOf(header) {
  if (!header) return null;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(Math.ceil(seconds), 1), 600) : null;
}
