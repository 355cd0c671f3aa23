// A small accessibility audit of the open page; returns one line per fault. Rules after WCAG 2.2.
async () => {
  await document.fonts.ready;
  const faults = [];
  const visible = (node) => node.checkVisibility({ visibilityProperty: true }) && node.getClientRects().length > 0;
  const short = (node) => `${node.tagName.toLowerCase()}.${node.className?.baseVal ?? node.className} “${(node.textContent ?? "").trim().slice(0, 30)}”`;

  // 4.1.2: everything that can be operated has a name; so do pictures
  const name = (node) => {
    const by = node.getAttribute("aria-labelledby");
    if (by) return by.split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ").trim();
    return (node.getAttribute("aria-label") ?? [...(node.labels ?? [])].map((label) => label.textContent).join(" ")).trim() || node.textContent.trim();
  };
  for (const node of document.querySelectorAll("a, button, input, select, textarea, summary, progress, [role=img], [role=region], dialog, aside, section")) {
    if (visible(node) && !name(node)) faults.push(`no name: ${short(node)}`);
  }
  for (const node of document.querySelectorAll("img:not([alt]), svg:not([aria-hidden]):not([role=img])")) faults.push(`no alternative: ${short(node)}`);

  // references lead somewhere, and ids are unique
  const ids = new Map();
  for (const node of document.querySelectorAll("[id]")) ids.set(node.id, (ids.get(node.id) ?? 0) + 1);
  for (const [id, count] of ids) if (count > 1) faults.push(`twice: ${id}`);
  for (const attribute of ["aria-labelledby", "aria-describedby", "aria-controls", "for"]) {
    for (const node of document.querySelectorAll(`[${attribute}]`)) {
      for (const id of node.getAttribute(attribute).split(" ")) if (!ids.has(id)) faults.push(`${attribute} to nowhere: ${id}`);
    }
  }

  // 1.3.1, 2.4.2, 3.1.1: structure
  if (!document.documentElement.lang) faults.push("no language");
  if (!document.title) faults.push("no title");
  if (document.querySelectorAll("main").length !== 1) faults.push("not exactly one main");
  const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(visible).map((node) => Number(node.tagName[1]));
  if (levels.filter((level) => level === 1).length !== 1) faults.push("not exactly one h1");
  levels.forEach((level, index) => { if (index && level > levels[index - 1] + 1) faults.push(`heading skips to h${level}`); });
  for (const table of document.querySelectorAll("table")) {
    if (visible(table) && !table.querySelector("th[scope]")) faults.push(`table without headers: ${short(table)}`);
  }
  for (const list of document.querySelectorAll("ul, ol")) {
    for (const child of list.children) if (child.tagName !== "LI") faults.push(`not an item: ${short(child)}`);
  }

  // 1.4.10: nothing is wider than the window
  if (document.documentElement.scrollWidth > window.innerWidth) faults.push(`wider than the window: ${document.documentElement.scrollWidth}`);
  for (const card of document.querySelectorAll(".card")) if (card.scrollWidth > card.clientWidth + 1) faults.push(`wider than its card: ${short(card)}`);

  // words stay within their box, so that they never lie upon those of the next
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    let box = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !visible(box) || box.closest("svg, .visually-hidden, textarea, option")) continue;
    while (getComputedStyle(box).display === "inline") box = box.parentElement;
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    const [words, room] = [range.getBoundingClientRect(), box.getBoundingClientRect()];
    const beyond = Math.max(words.right - room.right, room.left - words.left);
    if (beyond > 1) faults.push(`spills by ${Math.ceil(beyond)} px: ${short(box)}`);
  }

  // 1.4.4, 1.4.12: words of a picture lie within it, and those of an axis beside one another
  for (const picture of document.querySelectorAll("svg[role=img]")) {
    const frame = picture.getBoundingClientRect();
    const words = [...picture.querySelectorAll("text")].filter(visible).map((node) => [node, node.getBoundingClientRect()]);
    for (const [node, box] of words) {
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1) faults.push(`cut off: ${short(node)}`);
    }
    const axis = words.filter(([node]) => node.closest(".tick")).map(([node, box]) => [node, box]).sort((a, b) => a[1].left - b[1].left);
    axis.forEach(([node, box], index) => { if (index && box.left < axis[index - 1][1].right) faults.push(`overlap: ${short(node)}`); });
  }

  // 2.5.8: targets of at least 24 by 24 pixels, unless they are words in a text
  for (const node of document.querySelectorAll("button, summary, select, input:not([type=radio]):not(.visually-hidden), textarea")) {
    const box = node.getBoundingClientRect();
    if (visible(node) && (box.width < 24 || box.height < 24)) faults.push(`small target: ${short(node)}`);
  }

  // 1.4.3: contrast of text with the ground that it really has
  const parse = (color) => {
    const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const ground = (node) => {
    for (let up = node; up; up = up.parentElement) {
      const { rgb, a } = parse(getComputedStyle(up).backgroundColor);
      if (a === 1) return rgb;
    }
    return [255, 255, 255];
  };
  const luminance = (rgb) => rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, index) => sum + v * [0.2126, 0.7152, 0.0722][index], 0);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !visible(node) || node.closest(".visually-hidden, :disabled, option")) continue;
    const style = getComputedStyle(node);
    const color = parse(node.namespaceURI.endsWith("svg") ? style.fill : style.color).rgb;
    const [low, high] = [luminance(color), luminance(ground(node))].sort((a, b) => a - b);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < (large ? 3 : 4.5)) faults.push(`contrast ${ratio.toFixed(2)}: ${short(node)}`);
  }
  return faults;
}
