// Code in documents that runs. A page's blocks ```js run are one program, and a block ```text right behind one of them is
// what it prints. A page on a code host shows them as any other code. So do the `@example`s of the reference.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const BLOCK = /^```js run\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm;

/** Between what one block prints and what the next one does. */
export const CUT = '--- 8< ---';

/** A page's program, and what it says that each of its blocks prints ('' of one without). */
export interface DocumentProgram {
  readonly code: string;
  readonly printed: readonly string[];
}

/** The program of a page; null of one without. */
export function programOf(page: string): DocumentProgram | null {
  const blocks = [...page.matchAll(BLOCK)].map(([, code, printed = '']) => ({
    code: code!,
    printed: printed.trimEnd(),
  }));
  if (blocks.length === 0) return null;
  return {
    code: blocks.map(({ code }) => code).join(`console.log('${CUT}');\n`),
    printed: blocks.map(({ printed }) => printed),
  };
}

/** The page with what its blocks did print. */
export function withPrinted(page: string, printed: readonly string[]): string {
  let at = 0;
  return page.replace(BLOCK, (_, code: string) => {
    const text = printed[at++];
    return `\`\`\`js run\n${code}\`\`\`\n${text === '' ? '' : `\n\`\`\`text\n${text}\n\`\`\`\n`}`;
  });
}

/** The `@example`s in a source's comments: the code of each, in order. */
function examplesOf(source: string): string[] {
  return [...source.matchAll(/^ *\* @example\n *\* ```ts\n((?: *\*.*\n)*?) *\* ```$/gm)].map(([, code]) =>
    code!.replace(/^ *\* ?/gm, ''),
  );
}

/** The examples of the reference, each with a name for a file. Throws an Error for one that is not written as the others are. */
export function libraryExamples(): { name: string; code: string }[] {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  return ['packages/core/src', 'packages/figures/src'].flatMap((folder) =>
    readdirSync(root + folder, { recursive: true })
      .map((name) => `${folder}/${String(name).replaceAll('\\', '/')}`)
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .flatMap((name) => {
        const source = readFileSync(root + name, 'utf8');
        const examples = examplesOf(source);
        if (examples.length !== source.split('* @example').length - 1)
          throw new Error(`${name}: an @example is not one block of ts, so that nothing would try it.`);
        return examples.map((code, i) => ({ name: `${name} ${i}`.replaceAll(/\W+/g, '-'), code }));
      }),
  );
}
