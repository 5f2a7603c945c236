// Code in documents that runs. A page's blocks ```js run are one program, and a block ```text right behind one of them is
// what it prints. A page on a code host shows them as any other code.

const BLOCK = /^```js run\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm;

/** Between what one block prints and what the next one does. */
export const CUT = '--- 8< ---';

/** The program of a page, and what it says that each block prints ('' of one without); null of a page without one. */
export function programOf(page) {
  const blocks = [...page.matchAll(BLOCK)].map(([, code, printed = '']) => ({ code, printed: printed.trimEnd() }));
  if (blocks.length === 0) return null;
  return {
    code: blocks.map(({ code }) => code).join(`console.log('${CUT}');\n`),
    printed: blocks.map(({ printed }) => printed),
  };
}

/** The page with what its blocks did print. */
export function withPrinted(page, printed) {
  let at = 0;
  return page.replace(BLOCK, (_, code) => {
    const text = printed[at++];
    return `\`\`\`js run\n${code}\`\`\`\n${text === '' ? '' : `\n\`\`\`text\n${text}\n\`\`\`\n`}`;
  });
}
