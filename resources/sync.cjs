// The SSM document. It carries the bundled sync to the proxies, so that a change of the sync replaces no instance.
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { buildSync } = require('esbuild');
const { gzipSync } = require('fflate');

/** SSM accepts 65,536 bytes, parameters included (AWS: CreateDocument, Content). */
const mostBytes = 60_000;

/** lib/sync as one readable file for the Node.js of Ubuntu 24.04. Comments name sources relative to the repository. */
const bundle = () =>
  buildSync({
    absWorkingDir: join(__dirname, '..'),
    entryPoints: ['lib/sync/run.ts'],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node18',
    charset: 'utf8',
    legalComments: 'none',
  }).outputFiles[0].text;

/**
 * The script that an instance runs. Node's own gzip writes other bytes on another machine (zlib: by processor and release), so each deploy
 * from there would make another document. fflate writes the same bytes everywhere, without a time.
 */
const script = (prefix) => {
  const packed = gzipSync(Buffer.from(bundle()), { level: 9, mtime: 0 });
  const shell = readFileSync(join(__dirname, 'instance/sync.sh'), 'utf8');
  return shell.replace('@SYNC@', () => Buffer.from(packed).toString('base64')).replace('@PREFIX@', () => prefix);
};

const content = (prefix) => ({
  schemaVersion: '2.2',
  description: 'Brings HAProxy to at least a generation of the published configuration',
  parameters: {
    Generation: {
      type: 'String',
      description: 'The generation to reach; 0 takes the current one',
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
});

/** CloudFormation writes it with indents, and a space before each colon (AWS: its handler for AWS::SSM::Document). */
const checked = (written) => {
  const bytes = Buffer.byteLength(JSON.stringify(written, undefined, 2).replace(/^( *"\w+"):/gm, '$1 :'));
  if (bytes <= mostBytes) return written;
  throw new Error(
    `the SSM document that carries the sync would have ${bytes} bytes, and at most ${mostBytes} leave room for its ` +
      'parameters in the 65536 that SSM takes; make lib/sync/ or resources/instance/sync.sh smaller',
  );
};

/**
 * The CloudFormation of one stage's document. SSM may refuse a text that an older version of a document had, and with it a rollback
 * (AWS: UpdateDocument, DuplicateDocumentContent). So no document ever gets a second version: its name contains the hash of its content,
 * and another name is another document. CloudFormation creates the new one first, and deletes the old one after it has updated all else.
 */
const document = (stage, prefix) => {
  const properties = {
    DocumentType: 'Command',
    DocumentFormat: 'JSON',
    TargetType: '/AWS::EC2::Instance',
    Content: checked(content(prefix)),
  };
  const hash = createHash('sha256').update(JSON.stringify(properties)).digest('hex').slice(0, 10);
  // No stage's name has an underscore, so `sluice-prod-sync_*` matches no document of another stage.
  return {
    Resources: {
      SyncDocument: { Type: 'AWS::SSM::Document', Properties: { Name: `sluice-${stage}-sync_${hash}`, ...properties } },
    },
  };
};

module.exports = async ({ resolveVariable }) =>
  document(await resolveVariable('sls:stage'), await resolveVariable('self:custom.prefix'));
module.exports.document = document;
module.exports.script = script;
