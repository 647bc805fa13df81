// These packages are published as ES modules only, so they are transformed too.
module.exports = {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '\\.[jt]s$': '<rootDir>/test/esbuild.cjs' },
  transformIgnorePatterns: ['/node_modules/(?!@middy/|commander/)'],
  testSequencer: '<rootDir>/test/sequencer.cjs',
  // Most of a test is waiting, for a check or for a process: on two cores seven at once have work for both.
  maxWorkers: Number(process.env.WORKERS ?? 7),
  // A busy machine must not fail a test: what a test waits for, it asks again until it holds.
  testTimeout: 120_000,
};
