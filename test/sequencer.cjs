// The longest first: a file that begins last would run alone at the end.
const Sequencer = require('@jest/test-sequencer').default;

const long = [
  // It packages every variant. Tests of templates come last, so that none waits for the packager.
  'system/template-publishers',
  'system/edge-memory',
  'system/sync-damage',
  'system/acme-faults',
  'system/sync-unseen',
  'convergence/convergence',
  'system/sync-sni',
  'system/upgrade',
  'system/certificates',
  'system/status',
  'system/boot.',
  '(bench|soak)/',
  'aws/unread',
  'sluice/reading',
  'system/template-updates',
  'system/sync-',
  'system/acme',
  'sluice/check',
  'aws/faults',
  'system/[^t]',
  'sluice/|resources/|haproxy/|cost/',
  '(?<!system)/(?!template-)[^/]*$',
].map((part) => new RegExp(`test/(?:.*/)?${part}`));
const rank = ({ path }) => (long.findIndex((part) => part.test(path)) + long.length + 1) % (long.length + 1);

module.exports = class extends Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => rank(a) - rank(b) || a.path.localeCompare(b.path));
  }
};
