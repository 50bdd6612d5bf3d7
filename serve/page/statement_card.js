// One statement in full: stance, probabilities, who and towards whom, and a form that has it scored for others. Beside
// the article where there is room, in a dialog that Escape closes where there is not.

import { element, styled } from "./elements.js";
import { parties, percent, signed, signedScore } from "./stance_scale.js";

const ROOMY = matchMedia("(min-width: 62rem)");
const VOICES = { narration: "narration", quote: "quotation", nested: "quotation within a quotation: reported by another" };

export class StatementCard {
  /** `on` has step(by), close(), rescore(number, {holder, counterpart}) → promise, and restore(number). */
  constructor(side, sheet, on) {
    this.side = side;
    this.sheet = sheet;
    this.on = on;
    sheet.addEventListener("close", () => on.close());
    sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
    ROOMY.addEventListener("change", () => this.sheet.open && this.sheet.close());
    this.empty();
  }

  empty() {
    this.side.replaceChildren(
      element("p", { class: "hint" }, "Point at a marked statement, or go from one to the next with the Tab key, to see who says it, towards whom and how sure the model is."),
    );
  }

  /** Shows a statement; `chosen` pins it and moves the focus there, otherwise it is a preview where there is room. */
  show(reading, number, scale, { chosen, message = "" }) {
    if (!ROOMY.matches && !chosen) return;
    const card = this.#card(reading, number, scale, chosen, message);
    if (ROOMY.matches) {
      this.side.replaceChildren(card);
    } else {
      this.sheet.replaceChildren(card);
      if (!this.sheet.open) this.sheet.showModal();
    }
    if (chosen) card.querySelector("h3").focus({ preventScroll: ROOMY.matches });
  }

  close() {
    if (this.sheet.open) this.sheet.close();
    else this.on.close();
  }

  #card(reading, number, scale, chosen, message) {
    const statement = reading.statements[number];
    const look = scale.look(statement.label);
    const step = (by, name, symbol) =>
      element("button", { type: "button", class: "quiet", "aria-label": name, title: name, onclick: () => this.on.step(by) }, symbol);
    return element(
      "article",
      { class: `card tone-${look.tone}${chosen ? " chosen" : ""}`, "aria-labelledby": "card-title" },
      element(
        "header",
        {},
        element("h3", { id: "card-title", tabindex: "-1" }, `Statement ${number + 1} of ${reading.statements.length}`),
        step(-1, "Previous statement", "←"),
        step(1, "Next statement", "→"),
        element("button", { type: "button", class: "quiet", "aria-label": "Close", title: "Close (Escape)", onclick: () => this.close() }, "×"),
      ),
      element("blockquote", { dir: "auto" }, statement.text),
      verdict(statement, look, scale),
      statement.abstain && element("p", { class: "caution" }, "Below the confidence at which the model is reliable: read it yourself."),
      statement.truncated && element("p", { class: "caution" }, "Longer than the model reads at once: scored in parts."),
      statement.error && element("p", { class: "caution" }, `Not scored: ${statement.error}`),
      statement.probabilities && bars(statement, scale),
      this.#form(reading, number, message),
      origin(statement),
    );
  }

  #form(reading, number, message) {
    const statement = reading.statements[number];
    const names = [...new Set(reading.statements.flatMap((one) => [one.holder, one.counterpart]).filter(Boolean))].sort();
    const holder = element("input", { id: "holder", value: statement.holder ?? "", list: "names", maxlength: 500, dir: "auto" });
    const counterpart = element("input", { id: "counterpart", value: statement.counterpart ?? "", list: "names", maxlength: 500, dir: "auto" });
    const said = element("p", { class: "said-back", role: "status" }, message);
    const button = element("button", { type: "submit" }, "Score again");
    const submit = async (event) => {
      event.preventDefault();
      button.disabled = true;
      said.textContent = "Scoring…";
      try {
        await this.on.rescore(number, { holder: holder.value.trim(), counterpart: counterpart.value.trim() });
      } catch (fault) {
        button.disabled = false;
        said.textContent = `${fault.title}. ${fault.message}${fault.wait ? ` Try again in ${fault.wait} s.` : ""}`;
      }
    };
    const was = statement.original;
    return element(
      "form",
      { class: "parties", autocomplete: "off", onsubmit: submit },
      element("datalist", { id: "names" }, names.map((value) => element("option", { value }))),
      element("label", { for: "holder" }, "Holder: whose stance"), holder,
      element("label", { for: "counterpart" }, "Counterpart: towards whom"), counterpart,
      element("div", { class: "actions" }, button,
        was && element("button", { type: "button", class: "quiet", onclick: () => this.on.restore(number) }, "Undo"),
      ),
      was && element("p", { class: "soft" }, `As read: ${was.label ?? "not scored"}, ${parties(was)}`),
      said,
    );
  }
}

function verdict(statement, look, scale) {
  const shows = scale.shows(statement);
  const track = element("div", { class: "track", "aria-hidden": "true" },
    scale.onAxis.map(({ name, tone, value }) => styled(element("i", { class: `tone-${tone}`, title: name }), { "--place": scale.place(value) })),
    shows && styled(element("b", {}), { "--place": scale.place(statement.score) }),
  );
  return element("div", { class: "verdict" },
    element("p", {},
      element("span", { class: `badge tone-${look.tone}` }, element("span", { class: "symbol", "aria-hidden": "true" }, look.symbol), ` ${look.name}${statement.abstain ? " ?" : ""}`),
      shows && element("span", { class: "score" }, element("span", { class: "hidden" }, "score "), signedScore(statement.score)),
      statement.confidence !== null && element("span", { class: "soft" }, `confidence ${percent(statement.confidence)}`),
    ),
    track,
    element("div", { class: "ends soft", "aria-hidden": "true" }, [scale.onAxis[0], scale.onAxis.at(-1)].map(({ name, value }) => element("span", {}, `${name} ${signed(value)}`))),
    look.definition && element("p", { class: "definition soft" }, look.definition),
  );
}

function bars({ probabilities, label }, scale) {
  return element("table", { class: "bars" },
    element("caption", { class: "hidden" }, "Probability of each label"),
    element("tbody", {}, scale.labels.map(({ name, tone, symbol }) =>
      element("tr", { class: name === label ? "top" : null },
        element("th", { scope: "row" }, element("span", { class: "symbol", "aria-hidden": "true" }, symbol), ` ${name}`),
        element("td", { class: "bar", "aria-hidden": "true" }, styled(element("i", { class: `tone-${tone}` }), { "--share": probabilities[name] })),
        element("td", { class: "number" }, percent(probabilities[name])),
      ))),
  );
}

function origin({ voice, date, source, model }) {
  const rows = [["Voice", VOICES[voice] ?? voice], ["Date", date], ["Source", source], ["Model", model]];
  return element("dl", {}, rows.filter(([, value]) => value).flatMap(([name, value]) => [element("dt", {}, name), element("dd", { dir: "auto" }, value)]));
}
