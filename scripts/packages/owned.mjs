// Refuses to publish packages whose addresses nobody has filled in: OWNER stands where the repository's owner belongs.
import { readFileSync } from 'node:fs';

const without = ['packages/core', 'packages/figures', 'packages/cli', 'apps/lab'].filter((folder) =>
  /\bOWNER\b/.test(readFileSync(new URL(`../../${folder}/package.json`, import.meta.url), 'utf8')),
);
if (without.length > 0) {
  console.error(
    `The repository's address is not filled in (${without.join(', ')}): put its owner in place of OWNER, in every file that \`git grep -lw OWNER\` names.`,
  );
  process.exit(1);
}
