// The page put together: an article goes to the service, its statements to the views. Knows who tells whom what; how a
// thing is drawn, asked for or saved is in the other files.

import { ArticleView } from "./article_view.js";
import { asCsv, asJson, save } from "./downloads.js";
import { element, styled } from "./elements.js";
import { readArticle, readAxis, scoreStatement, useToken } from "./service.js";
import { counted, parties, StanceScale, signed, signedScore } from "./stance_scale.js";
import { StatementCard } from "./statement_card.js";
import { Timeline } from "./timeline.js";

const at = (id) => document.getElementById(id);
const hidden = new Set();
let scale = null;
let reading = null;
let current = null;  // the statement shown
let chosen = false;  // pinned, not only pointed at
let running = null;
let countdown = 0;

const view = new ArticleView(at("text"), { preview, choose });
const card = new StatementCard(at("side"), at("sheet"), { step, close: closed, rescore, restore });
const timeline = new Timeline(
  { lanes: at("lanes"), note: at("timeline-note"), table: at("timeline-table"), order: at("time-order") },
  (number) => { choose(number); view.chips.get(number)?.scrollIntoView({ block: "center" }); },
);

// --- reading -------------------------------------------------------------------------------------------------------
at("entry").addEventListener("submit", (event) => { event.preventDefault(); read(); });
at("article").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); read(); }
});
at("article").addEventListener("input", size);
at("published").addEventListener("change", () => reading && timeline.draw(reading, scale, at("published").value));
at("cancel").addEventListener("click", () => running?.abort());
at("example").addEventListener("click", async () => {
  const response = await fetch("page/example.txt").catch(() => null);
  if (!response?.ok) { at("status").textContent = "The example cannot be loaded."; return; }
  at("article").value = await response.text();
  size();
  read();
});

async function read() {
  const article = at("article").value.toWellFormed();
  if (!article.trim()) { at("status").textContent = "Paste an article first."; at("article").focus(); return; }
  running?.abort();
  const mine = new AbortController();
  running = mine;
  busy(true);
  calm();
  at("status").textContent = `Reading ${article.length.toLocaleString("en")} characters…`;
  try {
    const details = { article, source: at("source").value.trim(), date: at("published").value };
    await axis();
    const answer = await readArticle(details, mine.signal);
    if (running !== mine) return;
    reading = { article, statements: answer.statements, model: answer.model };
    shown();
  } catch (fault) {
    if (running === mine) trouble(fault, read);
  } finally {
    if (running === mine) { running = null; busy(false); }
  }
}

async function axis() {
  if (scale) return;
  scale = new StanceScale(await readAxis());
}

function size() {
  const count = [...at("article").value].length;
  at("article-size").textContent = count ? `${count.toLocaleString("en")} characters` : "";
}

function busy(on) {
  at("read").disabled = on;
  at("read").classList.toggle("busy", on);
  at("read").textContent = on ? "Reading…" : "Read the article";
  at("cancel").hidden = !on;
  document.querySelector("main").setAttribute("aria-busy", String(on));
}

function shown() {
  const count = reading.statements.length;
  at("status").textContent = count ? `${counted(count, "statement", "statements")} found.` : "";
  at("intro").hidden = true;
  at("reading").hidden = false;
  at("model").textContent = `Model ${reading.model}`;
  hidden.clear();
  current = null;
  chosen = false;
  card.empty();
  drawAll();
  at("result-title").focus({ preventScroll: true });
  at("result-title").scrollIntoView({ block: "start" });
}

function drawAll() {
  summary();
  legend();
  view.draw(reading, scale, hidden);
  view.mark(current);
  timeline.draw(reading, scale, at("published").value);
}

function summary() {
  const all = reading.statements;
  const stances = all.filter((one) => scale.shows(one));
  const unsure = all.filter((one) => one.abstain).length;
  const edited = all.filter((one) => one.edited).length;
  at("summary").textContent = [
    `${counted(all.length, "statement", "statements")}, ${stances.length} with a stance`,
    unsure && `${unsure} marked ? below the confidence at which the model is reliable`,
    edited && `${edited} changed by you`,
  ].filter(Boolean).join("; ") + ".";
}

/** Counts by label, as proportions and as buttons that hide or show the statements of a label. */
function legend() {
  const counts = scale.labels.map((label) => [label, reading.statements.filter((one) => one.label === label.name).length]);
  at("proportions").replaceChildren(...counts.filter(([, count]) => count).map(([label, count]) => styled(element("i", { class: `tone-${label.tone}` }), { "--count": count })));
  const focused = document.activeElement?.dataset.label;
  at("legend").replaceChildren(...counts.map(([label, count]) =>
    element("button", { type: "button", "data-label": label.name, class: `tone-${label.tone}`, "aria-pressed": String(!hidden.has(label.name)), title: label.definition, onclick: () => toggle(label.name) },
      element("span", { class: "badge" }, element("span", { class: "symbol", "aria-hidden": "true" }, label.symbol), ` ${label.name}`),
      label.value === null ? element("span", { class: "soft" }, "no stance") : element("span", { class: "soft" }, signed(label.value)),
      element("span", { class: "count" }, String(count)),
    )));
  if (focused) at("legend").querySelector(`[data-label="${CSS.escape(focused)}"]`)?.focus();
}

function toggle(label) {
  if (!hidden.delete(label)) hidden.add(label);
  legend();
  view.draw(reading, scale, hidden);
  view.mark(current);
}

// --- one statement -------------------------------------------------------------------------------------------------
function preview(number) {
  if (number === current) return;
  if (chosen && document.activeElement?.closest(".card")) return;  // somebody works in the card
  chosen = false;
  display(number);
}

function choose(number) {
  chosen = true;
  display(number);
}

function display(number, message = "") {
  current = number;
  view.mark(number);
  card.show(reading, number, scale, { chosen, message });
}

function step(by) {
  const order = [...view.chips.keys()].sort((a, b) => a - b);
  const place = order.indexOf(current);
  choose(order[(place + by + order.length) % order.length]);
  view.chips.get(current)?.scrollIntoView({ block: "nearest" });
}

/** After the card was closed: the focus goes back to the statement. */
function closed() {
  const last = current;
  const back = chosen || document.activeElement?.closest(".card");
  chosen = false;
  current = null;
  view.mark(null);
  card.empty();
  if (back && last !== null) { view.focus(last); current = null; view.mark(null); card.empty(); }
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && current !== null && !at("sheet").open) card.close();
});

async function rescore(number, { holder, counterpart }) {
  const of = reading;
  const before = of.statements[number];
  const { id: _, ...stance } = await scoreStatement({ text: before.text, holder, counterpart }).catch((fault) => {
    if (fault.kind === "token") {
      card.close();  // the field for the token is on the page, which a dialog would cover
      trouble(fault, () => { calm(); rescore(number, { holder, counterpart }).then(() => choose(number), () => {}); });
    }
    throw fault;
  });
  if (of !== reading) return;  // another article was read meanwhile
  const { original: __, edited: ___, ...asRead } = before;
  of.statements[number] = { ...before, ...stance, holder: holder || null, counterpart: counterpart || null, edited: true, original: before.original ?? asRead };
  const now = of.statements[number];
  replaced(number, `Scored again: ${now.label}${scale.shows(now) ? ` ${signedScore(now.score)}` : ""} (before: ${before.label ?? "not scored"}${scale.shows(before) ? ` ${signedScore(before.score)}` : ""}).`);
}

function restore(number) {
  reading.statements[number] = reading.statements[number].original;
  replaced(number, `As read again: ${parties(reading.statements[number])}.`);
}

function replaced(number, message) {
  drawAll();
  if (current === number) { chosen = true; display(number, message); }
  at("status").textContent = message;
}

// --- files ---------------------------------------------------------------------------------------------------------
const fileName = (kind) => `detente-${new Date().toISOString().slice(0, 10)}.${kind}`;
at("download-json").addEventListener("click", () => save(fileName("json"), "application/json", asJson(reading.statements)));
at("download-csv").addEventListener("click", () => save(fileName("csv"), "text/csv", asCsv(reading.statements)));

// --- trouble -------------------------------------------------------------------------------------------------------
function calm() {
  clearInterval(countdown);
  at("fault").hidden = true;
  at("fault").replaceChildren();
}

/** Says what went wrong and offers what helps: a token, another try (after the wait that the service asked for). */
function trouble(fault, again) {
  clearInterval(countdown);
  at("status").textContent = "";
  if (!fault.kind) console.error(fault);
  const title = fault.kind ? fault.title : "The page has a fault";
  const told = fault.kind ? fault.message : String(fault.message);
  const retry = ["busy", "offline", "failed"].includes(fault.kind) && element("button", { type: "button", onclick: again }, "Try again");
  at("fault").replaceChildren(
    ...[element("h2", {}, title), element("p", {}, told), fault.kind === "token" && tokenForm(again), retry].filter(Boolean),
  );
  at("fault").hidden = false;
  if (retry && fault.wait) waitFor(retry, fault.wait);
  at("fault").querySelector("input")?.focus();
}

function waitFor(button, seconds) {
  let left = seconds;
  const tick = () => {
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
    if (left <= 0) clearInterval(countdown);
    left -= 1;
  };
  tick();
  countdown = setInterval(tick, 1000);
}

function tokenForm(again) {
  const input = element("input", { id: "token", type: "password", autocomplete: "off", required: true, spellcheck: "false" });
  const use = (event) => { event.preventDefault(); useToken(input.value); again(); };
  return element("form", { class: "token", onsubmit: use },
    element("label", { for: "token" }, "Access token"), input,
    element("button", { type: "submit", class: "primary" }, "Use this token"),
    element("p", { class: "soft" }, "Kept until you close or reload the page, nowhere else."),
  );
}

size();
