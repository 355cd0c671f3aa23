// Pictures that fit: drawn for the width that there is, with the room that their words take in the font that is there.

import { el, show, svg } from "./dom.js";

/** @import { Child } from "./dom.js" */

/**
 * Make a frame whose picture is drawn for its width in pixels, and again when that or the font changes.
 * @param {string} className
 * @param {(width: number) => Child} draw
 */
export function fitted(className, draw) {
  const frame = el("div", { class: `picture ${className}` });
  let drawn = 0;
  const redraw = () => {
    if (drawn > 0) show(frame, draw(drawn));
  };
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width === 0 || Math.abs(width - drawn) < 2) return;
    drawn = width;
    redraw();
  }).observe(frame);
  document.fonts.ready.then(redraw);
  return frame;
}

/**
 * Return the width in pixels of the widest of some words, as pictures write them.
 * @param {string[]} words
 */
export function widest(words) {
  const texts = words.map((word) => svg("text", {}, word));
  const probe = el("div", { class: "picture visually-hidden", "aria-hidden": "true" }, svg("svg", {}, texts));
  document.body.append(probe);
  const width = Math.max(0, ...texts.map((text) => text.getComputedTextLength()));
  probe.remove();
  return Math.ceil(width);
}
