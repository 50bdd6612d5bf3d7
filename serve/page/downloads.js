// The statements as files: JSON as `detente read --format json` gives it, CSV for spreadsheets; `detente timeline` reads
// both. Does not know how they are shown.

const COLUMNS = ["number", "text", "start", "end", "holder", "counterpart", "voice", "date", "source", "label", "score",
  "confidence", "abstain", "probabilities", "error", "truncated", "model", "edited"];

export function asJson(statements) {
  return `${JSON.stringify(statements.map(record), null, 2)}\n`;
}

/** With a byte order mark, or spreadsheets take UTF-8 for something else. */
export function asCsv(statements) {
  const rows = statements.map((statement, place) => {
    const fields = { number: place + 1, ...record(statement) };
    return COLUMNS.map((name) => cell(fields[name]));
  });
  return `\uFEFF${[COLUMNS, ...rows].map((row) => row.join(",")).join("\r\n")}\r\n`;
}

export function save(name, type, content) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function record({ original, edited, ...statement }) {
  return { ...statement, edited: Boolean(edited), ...(original && { original }) };
}

/**
 * Numbers as they are; text that a spreadsheet would run as a formula begins with an apostrophe (CWE-1236), so does text
 * whose formula starts after blanks or in full-width characters.
 */
function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const guarded = /^[\s\u200B\uFEFF]*[=+\-@＝＋－＠]|^[\t\r\n]/u.test(text) ? `'${text}` : text;
  return `"${guarded.replaceAll('"', '""')}"`;
}
