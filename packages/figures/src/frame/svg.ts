// Elements in, text out. The serialiser is our own because outerHTML in an HTML document is not XML: it leaves out the namespace and
// does not escape "<" in attributes. It also rounds geometry, so that files are small and snapshots do not depend on the last bit.

const namespace = 'http://www.w3.org/2000/svg';

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Makes an SVG element; attributes that are undefined are left out, children that are strings become text. */
export function svgElement(
  document: Document,
  name: string,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElement {
  const element = document.createElementNS(namespace, name) as SVGElement;
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(key, String(value));
  }
  for (const child of children) {
    element.appendChild(typeof child === 'string' ? document.createTextNode(child) : child);
  }
  return element;
}

const geometry = new Set(
  'x y x1 x2 y1 y2 dx dy cx cy r rx d points transform width height viewBox stroke-width'.split(' '),
);

function roundNumbers(value: string): string {
  return value.replace(/-?\d+\.\d{3,}(e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(2)) || 0));
}

/** What is no character of XML, ends a line, or turns the direction of writing: names in figures come from files. */
const unprintable = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;

/** Every text and every attribute of a figure passes here: control characters become their pictures (␛), others �. */
function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
}

function escapeText(text: string): string {
  return printable(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

function escapeAttribute(text: string): string {
  return escapeText(text).replace(/"/g, '&quot;');
}

// Plot labels its groups for screen readers that walk into a chart; ours is one image with one description.
const dropped = new Set(['xmlns', 'aria-label', 'aria-hidden']);

/** Serialises an element as well-formed XML; `xmlns` is written on the root only, geometry is rounded to two decimals. */
export function serialiseSvg(root: Element, isRoot = true): string {
  const attributes = Array.from(root.attributes)
    .filter((attribute) => !dropped.has(attribute.name))
    .map(({ name, value }) => ` ${name}="${escapeAttribute(geometry.has(name) ? roundNumbers(value) : value)}"`);
  if (isRoot) attributes.unshift(` xmlns="${namespace}"`);
  const children = Array.from(root.childNodes).map((node) => {
    if (node.nodeType === 1) return serialiseSvg(node as Element, false);
    return node.nodeType === 3 ? escapeText(node.textContent ?? '') : '';
  });
  const name = root.localName;
  const open = `<${name}${attributes.join('')}`;
  return children.length === 0 ? `${open}/>` : `${open}>${children.join('')}</${name}>`;
}
