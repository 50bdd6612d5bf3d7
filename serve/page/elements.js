// Builds elements. Text goes in as text nodes only: nothing that an article says can become markup.
// Does not know what the elements are for.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element. `attributes` named on… are listeners, `data-…` and `aria-…` are set as they are, true stands for an
 * empty attribute, null and false for none. Children are elements, strings or null.
 */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same in SVG. */
export function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** Sets a custom property: the policy of the page forbids style attributes. */
export function styled(made, properties) {
  for (const [key, value] of Object.entries(properties)) made.style.setProperty(key, String(value));
  return made;
}
