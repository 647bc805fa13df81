// The SSM document: it carries the bundled sync to the proxies, so that an edit of the sync replaces no instance.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { buildSync } = require('esbuild');

/** lib/sync as one file for the Node.js of Ubuntu 24.04, without template literals: osls would resolve them. */
const bundle = () =>
  buildSync({
    entryPoints: [join(__dirname, '../lib/sync/run.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node18',
    charset: 'utf8',
    // The document may have 64 KB (AWS: CreateDocument); names stay, so that a stack trace can be read.
    minifyWhitespace: true,
    minifySyntax: true,
    supported: { 'template-literal': false },
    legalComments: 'none',
  }).outputFiles[0].text;

/** What an instance runs. SSM reads `{{` as a parameter of the document, wherever it stands. */
const script = (prefix) => {
  const sync = bundle();
  if (/\{\{|^END-OF-SYNC$/m.test(sync))
    throw new Error('lib/sync: the bundle holds "{{" or the end mark; SSM would damage it');
  const shell = readFileSync(join(__dirname, 'instance/sync.sh'), 'utf8');
  return shell.replace('@SYNC@', () => sync.trimEnd()).replace('@PREFIX@', () => prefix);
};

/** The CloudFormation of one stage's document. */
const document = (stage, prefix) => ({
  Resources: {
    SyncDocument: {
      Type: 'AWS::SSM::Document',
      Properties: {
        Name: `sluice-${stage}-sync`,
        DocumentType: 'Command',
        DocumentFormat: 'JSON',
        // The default replaces the document, which its fixed name does not allow.
        UpdateMethod: 'NewVersion',
        TargetType: '/AWS::EC2::Instance',
        Content: {
          schemaVersion: '2.2',
          description: 'Brings HAProxy to at least a generation of the published configuration',
          parameters: {
            Generation: {
              type: 'String',
              description: 'The generation to reach; 0 takes whatever is current',
              default: '0',
              allowedPattern: '^[0-9]{1,10}$',
            },
          },
          mainSteps: [
            {
              action: 'aws:runShellScript',
              name: 'sync',
              inputs: { timeoutSeconds: '90', runCommand: [script(prefix)] },
            },
          ],
        },
      },
    },
  },
});

module.exports = async ({ resolveVariable }) =>
  document(await resolveVariable('sls:stage'), await resolveVariable('self:custom.prefix'));
module.exports.document = document;
module.exports.script = script;
