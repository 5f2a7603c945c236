// What the page may load: itself. As a meta element, since a static host sends no headers, and as a header in preview.
import { createHash } from 'node:crypto';
import type { Plugin } from 'vite';

/** With these a page is cross-origin isolated: memory can be shared, so threads can train. */
export const isolationHeaders: Record<string, string> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Kernels are WebAssembly; charts set style attributes, heatmaps of figures are data URIs. */
function policy(parts: { script: string; worker: string; connect: string }): string {
  return [
    "default-src 'none'",
    `script-src ${parts.script} 'wasm-unsafe-eval'`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    `worker-src ${parts.worker}`,
    `connect-src ${parts.connect}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

const SITE = policy({ script: "'self'", worker: "'self'", connect: "'self'" });

/** `frame-ancestors` counts in a header only. */
export const policyHeader: Record<string, string> = {
  'Content-Security-Policy': `${SITE}; frame-ancestors 'self'`,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

/** Writes the policy into built pages. The page for a local folder names its inline scripts by their hashes. */
export function securityPolicy({ offline }: { offline: boolean }): Plugin {
  return {
    name: 'security-policy',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const file of Object.values(bundle)) {
          if (file.type !== 'asset' || !file.fileName.endsWith('.html')) continue;
          const html = String(file.source);
          const content = offline
            ? policy({ script: inlineHashes(html), worker: 'blob: data:', connect: 'data: blob:' })
            : SITE;
          file.source = html.replace(
            '<head>',
            `<head>\n    <meta http-equiv="Content-Security-Policy" content="${content}">`,
          );
        }
      },
    },
  };
}

const inlineHashes = (html: string): string =>
  [...html.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)]
    .map(
      ([, code]) =>
        `'sha256-${createHash('sha256')
          .update(code as string)
          .digest('base64')}'`,
    )
    .join(' ');
