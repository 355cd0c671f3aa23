// Building elements. Text only ever becomes a text node, so nothing a server or a candidate wrote is markup.

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | null | undefined | false} Single a child, or none */
/** @typedef {Single | (Single | (Single | Single[])[])[]} Child a child, or a list of them in up to three levels */
/** @typedef {Record<string, (event: Event) => unknown>} Listeners a listener by the name of its event */
/** @typedef {Record<string, string | number>} Variables a value by the name of a CSS variable */
/** @typedef {{ [name: string]: string | number | boolean | null | undefined | Listeners | Variables, on?: Listeners, vars?: Variables }} Attributes */

/**
 * Give an element its attributes and children. `null`, `undefined` and `false` leave one out; `true` sets it empty.
 * @template {HTMLElement | SVGElement} Made
 * @param {Made} node
 * @param {Attributes} attributes
 * @param {Child[]} children
 * @returns {Made}
 */
function fill(node, { on = {}, vars = {}, ...plain }, children) {
  for (const [name, value] of Object.entries(plain)) {
    if (value === undefined || value === null || value === false) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [event, listener] of Object.entries(on)) node.addEventListener(event, listener);
  // through the CSSOM, which a Content-Security-Policy without inline styles allows
  for (const [variable, setting] of Object.entries(vars)) node.style.setProperty(variable, String(setting));
  node.append(...present(children));
  return node;
}

/**
 * Return the children that are there, in one list.
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function present(children) {
  return children.flatMap((child) => {
    if (Array.isArray(child)) return present(child);
    return child === null || child === undefined || child === false ? [] : [child];
  });
}

/**
 * Make an HTML element; strings among `children` become text.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/**
 * Make an SVG element.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * Make a titled card of a report.
 * @param {string} title
 * @param {...Child} children
 */
export function section(title, ...children) {
  const id = `section-${title.toLowerCase().replace(/[^a-z]+/g, "-")}`;
  return el("section", { class: "card", "aria-labelledby": id }, el("h2", { id }, title), ...children);
}

/**
 * Replace what `node` holds.
 * @param {Element} node
 * @param {...Child} children
 */
export function show(node, ...children) {
  node.replaceChildren(...present(children));
}

/**
 * Return an element that `index.html` has.
 * @template {HTMLElement} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 * @returns {Kind}
 * @throws {Error} if the page has no such element
 */
export function fixture(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`The page has no ${kind.name} “${id}”.`);
  return found;
}

/**
 * Say something to people who listen to the page; the short wait makes repeated texts audible.
 * @param {string} text
 */
export function announce(text) {
  const region = fixture("announcer", HTMLElement);
  region.textContent = "";
  setTimeout(() => { region.textContent = text; }, 60);
}

/**
 * Move the focus to the heading of a new view, so that keyboard and screen reader follow.
 * @param {Element} root
 */
export function focusHeading(root) {
  const heading = root.querySelector("h1");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  window.scrollTo({ top: 0 });
}
