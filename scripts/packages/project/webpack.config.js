export default {
  mode: 'production',
  entry: './page.js',
  output: { path: `${import.meta.dirname}/out/webpack`, module: true, chunkFormat: 'module', clean: true },
  experiments: { outputModule: true },
  performance: { hints: false },
};
