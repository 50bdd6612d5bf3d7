// The stances of each holder along the article or over time: a lane of SVG for each, and the same as a table. What others
// report of a holder is ringed and does not count in the mean. Does not know where statements come from.

import { drawn, element } from "./elements.js";
import { counted, parties, signedScore } from "./stance_scale.js";

const LANES = 8;
const HEIGHT = 104;
const EDGE = { top: 14, bottom: 16, left: 14, right: 14 };
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const PARTIAL = /^([A-Za-z]+)\.? (\d{1,2})$/;  // "July 31"
const SHAPES = {  // paths about the origin, by step of the axis, like the symbols
  0: "M-7.5-6H7.5L0 7Z", 1: "M-7.5-6H7.5L0 7Z", 2: "M0-7L7 0L0 7L-7 0Z", 3: "M-7.5 6H7.5L0-7Z", 4: "M-7.5 6H7.5L0-7Z",
};

export class Timeline {
  /** `choose(number)` is called for a mark that is pressed. */
  constructor({ lanes, note, table, order }, choose) {
    Object.assign(this, { lanes, note, table, order, choose, all: false, width: 0 });
    order.addEventListener("change", () => this.#redraw());
    new ResizeObserver(([{ contentRect }]) => {
      if (Math.abs(contentRect.width - this.width) < 2) return;
      this.width = contentRect.width;
      this.#redraw();
    }).observe(lanes);
  }

  /** `published`: the day of the article (ISO) or "", for dates without a year. */
  draw(reading, scale, published) {
    this.reading = reading;
    this.scale = scale;
    this.days = reading.statements.map(({ date }) => dayOf(date, published));
    const dated = new Set(this.days.filter((day) => day !== null)).size > 1;
    this.order.disabled = !dated;
    if (!dated) this.order.querySelector("[value=text]").checked = true;
    this.#redraw();
  }

  #redraw() {
    if (!this.reading) return;
    const byDate = this.order.querySelector(":checked").value === "date";
    const all = this.#holders();
    const holders = byDate ? all.filter(({ shown }) => shown.some((number) => this.days[number] !== null)) : all;
    const shown = this.all ? holders : holders.slice(0, LANES);
    const along = byDate ? dateLine(this.days, this.width, this.reading.statements) : textLine(this.reading.statements);
    const more = holders.length > LANES && element("button", { type: "button", onclick: () => { this.all = !this.all; this.#redraw(); } },
      this.all ? "Show fewer holders" : `Show all ${holders.length} holders`);
    this.lanes.replaceChildren(...shown.map((holder) => this.#lane(holder, along, byDate)), ...(more ? [more] : []));
    this.note.textContent = this.#words(byDate, holders.length);
    this.table.replaceChildren(this.table.querySelector("summary"), element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Timeline as a table" }, this.#asTable(all)));
  }

  #words(byDate, holders) {
    if (!holders) return "No statement shows a stance.";
    const undated = this.reading.statements.filter((one, number) => this.scale.shows(one) && this.days[number] === null).length;
    return `Height is the score. Pale: below the confidence at which the model is reliable. Ringed: reported by others, not in the mean. `
      + (byDate ? (undated ? `${counted(undated, "statement", "statements")} without a known day left out; those of one day stand side by side. ` : "")
        : "From left to right as in the article. ")
      + (this.order.disabled ? this.#undatable() : "");
  }

  #undatable() {
    return this.reading.statements.some(({ date }) => PARTIAL.test(date ?? ""))
      ? "For an order by date, say above when the article was published: its dates lack the year."
      : "It has too few dates for an order by date.";
  }

  /** Holders with a statement that shows a stance, those with most of them first. */
  #holders() {
    const groups = new Map();
    this.reading.statements.forEach((statement, number) => {
      const name = statement.holder || "";
      if (!groups.has(name)) groups.set(name, { name, numbers: [], shown: [] });
      groups.get(name).numbers.push(number);
      if (this.scale.shows(statement)) groups.get(name).shown.push(number);
    });
    const own = (number) => this.reading.statements[number].voice !== "nested";
    return [...groups.values()]
      .filter(({ shown }) => shown.length)
      .map((group) => ({ ...group, mean: this.scale.mean(group.numbers.filter(own).map((number) => this.reading.statements[number])) }))
      .sort((a, b) => b.shown.length - a.shown.length || a.name.localeCompare(b.name));
  }

  #lane(holder, along, byDate) {
    const { scale, width } = this;
    const y = (score) => EDGE.top + (1 - scale.place(score)) * (HEIGHT - EDGE.top - EDGE.bottom);
    const xAt = (place) => EDGE.left + place * Math.max(width - EDGE.left - EDGE.right, 10);
    const x = (number) => xAt(along.place(number));
    const numbers = holder.shown.filter((number) => !byDate || this.days[number] !== null);
    const mean = holder.mean === null ? "no mean" : `mean ${signedScore(holder.mean)}`;
    const name = holder.name || "No holder";
    const words = `${name}: ${counted(holder.shown.length, "statement shows", "statements show")} a stance, of ${holder.numbers.length}; ${mean}`;
    const picture = drawn("svg", { viewBox: `0 0 ${Math.max(width, 40)} ${HEIGHT}`, role: "img", "aria-label": words },
      scale.onAxis.map(({ value, tone }) => drawn("line", { class: `rule tone-${tone}`, x1: 0, x2: width, y1: y(value), y2: y(value) })),
      [scale.onAxis.at(-1), scale.onAxis[0]].map(({ name: label, value }) => drawn("text", { class: "end", x: 2, y: y(value) + (value === scale.high ? -3 : 10) }, label)),
      byDate && along.dates.map(({ words, place, labelled }) => [
        drawn("line", { class: "day", x1: xAt(place), x2: xAt(place), y1: EDGE.top, y2: HEIGHT - EDGE.bottom }),
        labelled && drawn("text", { class: "end", x: xAt(place) + 2, y: HEIGHT - 2 }, words),
      ]).flat(),
      holder.mean !== null && holder.numbers.length > 1 && drawn("line", { class: "mean", x1: 0, x2: width, y1: y(holder.mean), y2: y(holder.mean) }),
      numbers.map((number) => this.#mark(number, x(number), y(this.reading.statements[number].score))),
    );
    return element("div", { class: "lane" },
      element("div", { class: "who" }, element("h3", { dir: "auto" }, name), element("p", { class: "soft" }, `${holder.shown.length} of ${holder.numbers.length} show a stance`), element("p", { class: "mean-word" }, mean)),
      element("div", { class: "drawing" }, picture),
    );
  }

  #mark(number, x, y) {
    const statement = this.reading.statements[number];
    const { tone, step, name } = this.scale.look(statement.label);
    return drawn("g", { class: `mark tone-${tone}${statement.abstain ? " pale" : ""}`, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, "data-mark": number, onclick: () => this.choose(number) },
      drawn("title", {}, `Statement ${number + 1}: ${name} ${signedScore(statement.score)}, ${parties(statement)}${statement.date ? `, ${statement.date}` : ""}`),
      statement.voice === "nested" && drawn("circle", { class: "ring", r: 11.5 }),
      drawn("path", { d: SHAPES[step] }),
      step === 1 || step === 3 ? drawn("circle", { class: "hole", r: 2.2, cy: step === 1 ? -1.5 : 1.5 }) : null,
    );
  }

  #asTable(holders) {
    const head = ["Holder", "Counterpart", "Date", "Stance", "Score", "Statement"];
    return element("table", {},
      element("caption", { class: "hidden" }, "Statements that show a stance, by holder"),
      element("thead", {}, element("tr", {}, head.map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, holders.flatMap(({ name, shown }) => shown.map((number) => {
        const one = this.reading.statements[number];
        return element("tr", {},
          element("th", { scope: "row", dir: "auto" }, name || "no holder"),
          element("td", { dir: "auto" }, one.counterpart || "–"),
          element("td", {}, one.date || "–"),
          element("td", {}, `${this.scale.look(one.label).symbol} ${one.label}${one.abstain ? " ?" : ""}${one.voice === "nested" ? " (reported)" : ""}`),
          element("td", { class: "number" }, signedScore(one.score)),
          element("td", {}, element("button", { type: "button", class: "quiet", onclick: () => this.choose(number) }, `No. ${number + 1}`)),
        );
      }))),
    );
  }
}

function textLine(statements) {
  const last = Math.max(...statements.map(({ end }) => end ?? 0), 1);
  // Two statements of one span lie side by side.
  const seen = new Map();
  const places = statements.map(({ start, end }) => {
    const key = `${start} ${end}`;
    seen.set(key, (seen.get(key) ?? -1) + 1);
    return Math.min(((start ?? 0) + (end ?? 0)) / 2 / last + seen.get(key) * 0.012, 1);
  });
  return { place: (number) => places[number] };
}

/** Days from left to right; a label for a day is left out where it would lie on the one before it. */
function dateLine(days, width, statements) {
  const known = [...new Set(days.filter((day) => day !== null))].sort((a, b) => a - b);
  const [first, last] = [known[0], known.at(-1)];
  const placed = (day) => 0.08 + ((day - first) / (last - first || 1)) * 0.78;
  const step = Math.min(14 / Math.max(width, 1), 0.03);
  const seen = new Map();
  const places = days.map((day, number) => {
    if (day === null) return null;
    const key = `${day} ${statements[number].holder}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    return Math.min(placed(day) + (seen.get(key) - 0.3) * step, 1);
  });
  let free = -1;
  const dates = known.map((day) => {
    const place = placed(day);
    const labelled = place >= free;
    if (labelled) free = place + 70 / Math.max(width, 1);
    return { place, labelled, words: new Date(day).toISOString().slice(0, 10) };
  });
  return { place: (number) => places[number], dates };
}

/**
 * Milliseconds of a day; null where the year is unknown. A date without a year ("July 31") is the last one before the day
 * on which the article was published, where that is given.
 */
function dayOf(date, published) {
  const whole = /^(\d{4})-(\d{2})-(\d{2})/.exec(date ?? "");
  if (whole) return Date.UTC(whole[1], whole[2] - 1, whole[3]);
  const part = PARTIAL.exec(date ?? "");
  const month = part ? MONTHS.indexOf(part[1].slice(0, 3).toLowerCase()) : -1;
  const limit = Date.parse(published || "");
  if (month < 0 || !Number.isFinite(limit)) return null;
  const year = new Date(limit).getUTCFullYear();
  const day = Date.UTC(year, month, part[2]);
  return day > limit ? Date.UTC(year - 1, month, part[2]) : day;
}
