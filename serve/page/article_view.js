// The article with its statements: each piece of text is shaded by its innermost statement and underlined once for each
// statement that covers it; each statement ends with a button that names its stance. Reports which one is pointed at,
// reached or chosen. Does not know what is shown of it then.

import { element } from "./elements.js";
import { piecesOf } from "./article_spans.js";
import { parties } from "./stance_scale.js";

export class ArticleView {
  /** `on` has preview(number) and choose(number); numbers are places in `reading.statements`. */
  constructor(root, on) {
    this.root = root;
    this.on = on;
    root.addEventListener("pointerover", (event) => event.pointerType === "mouse" && this.#pointed(event.target));
    root.addEventListener("focusin", ({ target }) => target.dataset.statement && on.preview(Number(target.dataset.statement)));
    root.addEventListener("click", ({ target }) => this.#clicked(target));
  }

  /** `hidden`: names of labels whose statements stay plain text. */
  draw(reading, scale, hidden) {
    const statements = reading.statements;
    this.hidden = hidden;
    this.labels = statements.map((statement) => scale.look(statement.label).name);
    this.chips = new Map();
    this.spans = statements.map(() => []);
    const content = document.createDocumentFragment();
    for (const piece of piecesOf(reading.article, statements)) {
      const within = this.#shown(piece.within);
      if (piece.text) content.append(...(within.length ? [this.#shaded(piece.text, within, scale)] : plain(piece.text)));
      for (const number of this.#shown(piece.ending)) {
        const chip = chipOf(statements[number], number, statements.length, scale);
        this.chips.set(number, chip);
        content.append(chip);
      }
    }
    this.root.replaceChildren(content);
  }

  /** Marks one statement, or none for null, as the one that is shown. */
  mark(number) {
    for (const marked of this.root.querySelectorAll(".current")) marked.classList.remove("current");
    this.current = number;
    if (number === null) return;
    for (const span of this.spans[number]) span.classList.add("current");
    this.chips.get(number)?.classList.add("current");
  }

  focus(number) {
    this.chips.get(number)?.focus();
  }

  #shaded(text, within, scale) {
    let inner = text;
    for (const [depth, number] of [...within].reverse().entries()) {
      const tone = scale.look(this.labels[number]).tone;
      inner = element("span", { class: `said tone-${tone} depth-${Math.min(depth, 3)}`, "data-covers": within.join(" ") }, inner);
      this.spans[number].push(inner);
    }
    return inner;
  }

  /** A press on text chooses its innermost statement, then those around it in turn. */
  #clicked(target) {
    const chip = target.closest("[data-statement]");
    if (chip) return this.on.choose(Number(chip.dataset.statement));
    if (!getSelection().isCollapsed) return undefined;  // somebody marks text to copy it
    const covers = this.#shown(coversOf(target));
    if (!covers.length) return undefined;
    return this.on.choose(covers[(covers.indexOf(this.current) + 1) % covers.length]);
  }

  /** Those whose label is not hidden. */
  #shown(numbers) {
    return numbers.filter((number) => !this.hidden.has(this.labels[number]));
  }

  #pointed(target) {
    const chip = target.closest("[data-statement]");
    const covers = chip ? [Number(chip.dataset.statement)] : this.#shown(coversOf(target));
    if (covers.length) this.on.preview(covers[0]);
  }
}

/** Text outside statements; empty lines are kept but drawn as a narrow gap, the lines of the article being wide apart. */
function plain(text) {
  return text.split(/(\n\s*\n)/).filter(Boolean).map((part) => (/\n\s*\n/.test(part) ? element("span", { class: "gap" }, part) : part));
}

/** The statements of a piece of text, the innermost first. */
function coversOf(target) {
  const innermost = target.closest("[data-covers]");
  return innermost ? innermost.dataset.covers.split(" ").map(Number).reverse() : [];
}

function chipOf(statement, number, count, scale) {
  const look = scale.look(statement.label);
  const doubt = statement.abstain ? ", below the confidence at which the model is reliable" : "";
  return element(
    "button",
    {
      type: "button",
      class: `chip tone-${look.tone}${statement.edited ? " edited" : ""}`,
      "data-statement": number,
      "aria-label": `Statement ${number + 1} of ${count}: ${look.name}, ${parties(statement).replace("→", "towards")}${doubt}`,
    },
    element("span", { class: "symbol", "aria-hidden": "true" }, look.symbol),
    ` ${look.name}${statement.abstain ? " ?" : ""}`,
  );
}
