// Where statements lie in an article. The service counts Unicode code points, JavaScript UTF-16 units; statements may
// overlap, lie in one another or share a span. Knows offsets only, not what a statement says.

/** For code point offsets 0…n the UTF-16 offset; `text` has n code points. */
export function unitOffsets(text) {
  const offsets = [];
  let unit = 0;
  for (const point of text) {
    offsets.push(unit);
    unit += point.length;
  }
  offsets.push(unit);
  return offsets;
}

/**
 * The article cut where a statement begins or ends: [{text, within, ending}], whose texts joined are the article.
 * `within` are the indices of the statements that cover the piece, the widest first and of equal ones the later first;
 * `ending` those that end with it, the other way round. Spans outside the text are cut to it, empty ones are at the end of the text before them.
 */
export function piecesOf(text, spans) {
  const units = unitOffsets(text);
  const last = units.length - 1;
  const bounded = spans.map(({ start, end }) => {
    const first = Math.min(Math.max(start ?? 0, 0), last);
    return [first, Math.min(Math.max(end ?? 0, first), last)];
  });
  const wider = (a, b) => bounded[b][1] - bounded[b][0] - (bounded[a][1] - bounded[a][0]) || b - a;
  const starting = grouped(bounded, 0);
  const stopping = grouped(bounded, 1);
  const cuts = [...new Set([0, last, ...bounded.flat()])].sort((a, b) => a - b);
  const pieces = [];
  let open = [];
  for (let place = 0; place < cuts.length; place += 1) {
    const from = cuts[place];
    const to = cuts[place + 1] ?? from;
    open = open.filter((index) => bounded[index][1] > from);
    open.push(...(starting.get(from) ?? []).filter((index) => bounded[index][1] > from));
    open.sort(wider);
    const ending = (stopping.get(to) ?? []).filter((index) => to > from && bounded[index][0] < to);
    const empty = (stopping.get(from) ?? []).filter((index) => bounded[index][0] === from);
    if (empty.length) pieces.push({ text: "", within: [], ending: empty });
    if (to > from) {
      pieces.push({ text: text.slice(units[from], units[to]), within: [...open], ending: ending.sort((a, b) => wider(b, a)) });
    }
  }
  return pieces;
}

function grouped(bounded, side) {
  const groups = new Map();
  bounded.forEach((span, index) => {
    if (!groups.has(span[side])) groups.set(span[side], []);
    groups.get(span[side]).push(index);
  });
  return groups;
}
