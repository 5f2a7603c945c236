import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import resolve from '@rollup/plugin-node-resolve';
import url from '@rollup/plugin-url';

const threads = '@induction-lab/core/threads';

export default {
  input: {
    page: './page.js',
    worker: './workerWithAddresses.js',
    browserWorker: `${threads}/browserWorker.js`,
    browserHelper: `${threads}/browserHelper.js`,
  },
  output: { dir: 'out/rollup', format: 'es', entryFileNames: '[name].js' },
  plugins: [
    resolve({ browser: true }),
    commonjs(), // for ml-matrix
    json(),
    url({ include: '**/*.wasm', limit: 0, fileName: '[name][extname]' }),
  ],
};
