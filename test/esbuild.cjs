// TypeScript for Jest: types are checked by tsc, esbuild only strips them.
const { transformSync } = require('esbuild');

module.exports = {
  process: (text, file) =>
    transformSync(text, {
      sourcefile: file,
      loader: file.endsWith('.ts') ? 'ts' : 'js',
      format: 'cjs',
      supported: { 'dynamic-import': false },
      target: 'node22',
      sourcemap: 'inline',
    }),
};
