// The axis of the model as the page shows it: for each label a tone (one of five steps of a diverging scale, or off), a
// symbol that tells it apart without colour, and words for numbers. Takes labels from the service, never from here.

const SYMBOLS = ["▼", "▽", "◆", "△", "▲"];

export class StanceScale {
  /** `axis`: the answer of /v1/axis; labels on the axis carry a value, the one off it null. */
  constructor(axis) {
    this.name = axis.axis;
    this.labels = axis.labels.map((label) => ({ ...label, ...appearance(label, axis) }));
    this.byName = new Map(this.labels.map((label) => [label.name, label]));
    this.onAxis = this.labels.filter((label) => label.value !== null);
    this.low = this.onAxis[0].value;
    this.high = this.onAxis.at(-1).value;
  }

  /** A label's tone and symbol; a statement that could not be scored has none. */
  look(name) {
    return this.byName.get(name) ?? { name: "not scored", tone: "off", step: 2, symbol: "×", value: null };
  }

  shows(statement) {
    return this.byName.has(statement.label) && this.look(statement.label).value !== null;
  }

  /** Where a score lies between the ends of the axis, 0 to 1. */
  place(score) {
    return (score - this.low) / (this.high - this.low);
  }

  /** Mean score of statements, each weighed by the probability that it shows a stance; null where none does. */
  mean(statements) {
    let weight = 0;
    let sum = 0;
    for (const { probabilities } of statements) {
      for (const { name, value } of probabilities ? this.onAxis : []) {
        weight += probabilities[name];
        sum += probabilities[name] * value;
      }
    }
    return weight >= 0.5 ? sum / weight : null;
  }
}

function appearance(label, { labels, warm_end: warmEnd }) {
  if (label.value === null) return { tone: "off", step: 2, symbol: "○" };
  const ranked = labels.filter((one) => one.value !== null);
  const step = Math.round((ranked.findIndex((one) => one.name === label.name) / (ranked.length - 1)) * 4);
  // Tone 0 is the red end; the symbol shows the value, whichever end is red.
  return { tone: String(warmEnd === "high" ? 4 - step : step), step, symbol: SYMBOLS[step] };
}

export const signed = (value) => (value === 0 ? "0" : `${value < 0 ? "−" : "+"}${Math.abs(value)}`);
export const signedScore = (score) => `${score < -0.005 ? "−" : score > 0.005 ? "+" : ""}${Math.abs(score).toFixed(2)}`;
export const percent = (share) => `${Math.round(share * 100)} %`;
export const parties = (statement) => `${statement.holder || "no holder"} → ${statement.counterpart || "anyone"}`;
export const counted = (number, one, many) => `${number} ${number === 1 ? one : many}`;
