// The text of a declaration, found by its name, without its comments.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './library.mjs';

const files = new Map();

function fileOf(name) {
  if (!files.has(name))
    files.set(name, ts.createSourceFile(name, readFileSync(name, 'utf8'), ts.ScriptTarget.Latest, true));
  return files.get(name);
}

/** The name of a declaration; '' of what has none. */
const nameOf = (node) => node.name?.text ?? (node.kind === ts.SyntaxKind.Constructor ? 'constructor' : '');

/** The source of what a reflection was made from; '' where its file holds no such declaration. */
export function sourceOf(project, reflection) {
  const {
    fileName,
    packagePath,
    packageName = '',
    qualifiedName = '',
  } = project.getSymbolIdFromReflection(reflection) ?? {};
  const file = fileName ?? join(root, packageName.replace('@induction-lab', 'packages'), packagePath ?? '');
  if (!/\.ts$/.test(file) || file.endsWith('.d.ts') || !existsSync(file)) return '';
  const path = qualifiedName.replace('.__constructor', '.constructor').split('.');
  const texts = [];
  const visit = (node, depth) => {
    const deeper = nameOf(node) === path[depth] ? depth + 1 : depth;
    if (deeper === path.length) texts.push(node.getText());
    else ts.forEachChild(node, (child) => visit(child, deeper));
  };
  visit(fileOf(file), 0);
  return texts.join('\n').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}
