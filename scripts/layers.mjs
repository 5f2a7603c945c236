// The import direction of docs/architecture.md, enforced: no import against the arrows, no node: import where a browser loads.
import { globSync, readFileSync } from 'node:fs';
