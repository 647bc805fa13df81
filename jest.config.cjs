// @middy/core is published as ES modules only, so it is the one package that is transformed too.
module.exports = {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '\\.[jt]s$': '<rootDir>/test/esbuild.cjs' },
  transformIgnorePatterns: ['/node_modules/(?!@middy/)'],
  testSequencer: '<rootDir>/test/sequencer.cjs',
  maxWorkers: 2,
};
