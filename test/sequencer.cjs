// The longest first: a file that begins last would run alone at the end.
const Sequencer = require('@jest/test-sequencer').default;

const long = [
  'test/convergence/convergence',
  'system/acme-faults',
  'system/certificates',
  'system/sync-cut-off',
  'aws/faults',
  'resources/preflight.test',
  'cost/calls',
  'resources/settings-file',
  'test/system/',
];
const rank = ({ path }) => (long.findIndex((part) => path.includes(part)) + long.length + 1) % (long.length + 1);

module.exports = class extends Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => rank(a) - rank(b) || a.path.localeCompare(b.path));
  }
};
