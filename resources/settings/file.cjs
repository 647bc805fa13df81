// The settings file: blocks of settings by stage. serverless.yml passes them to the packager as parameters.
const { readFileSync } = require('node:fs');
const { load } = require('js-yaml');

const { named, printable, shown } = require('./words.cjs');
const { table } = require('./table.cjs');

const example =
  'run `npx sluice init`, or copy settings.example.yml to settings.yml and fill in domain, hostedZoneId and acceptTerms';
/** A load balancer's name, and a host's, must not end in a hyphen. */
const stageGrammar = /^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/;
const isMap = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const path = () => process.env.SLUICE_SETTINGS || 'settings.yml';

/** Returns the file's content, or why it cannot be read: with `fault` there are no other faults; `faults` may come with others. */
function readFile() {
  const nothing = { path: path(), blocks: {}, faults: [] };
  try {
    const content = load(readFileSync(path(), 'utf8'));
    if (content === undefined || content === null) return { ...nothing, empty: `${path()} is empty: ${example}` };
    if (isMap(content)) return { ...nothing, ...arranged(JSON.parse(JSON.stringify(content))) };
    const held = `${path()} holds ${Array.isArray(content) ? 'a list' : shown(content)}, and no settings`;
    return {
      ...nothing,
      fault: `${held}: each is a line \`name: value\` below \`default:\`, as in settings.example.yml`,
    };
  } catch (error) {
    if (error.code === 'ENOENT') return { ...nothing, empty: absent() };
    const lines = `${error.message}`.split('\n').map(printable).join('\n');
    return { ...nothing, fault: `${path()} cannot be read; correct it, or copy settings.example.yml again: ${lines}` };
  }
}

const absent = () =>
  process.env.SLUICE_SETTINGS
    ? `There is no file ${path()}, which SLUICE_SETTINGS names: name another, or unset it`
    : `There is no settings.yml: ${example}`;

/** The blocks of a file. A setting beside them counts as one of `default`, and is a fault. */
function arranged(content) {
  const blocks = {};
  const faults = [];
  const entries = Object.entries(content);
  const misplaced = entries.filter(([name, value]) => !isMap(value) && isMisplaced(name, value));
  for (const [name, value] of entries.filter((entry) => !misplaced.includes(entry)))
    if (name === 'default' && value !== null && !isMap(value))
      faults.push(
        `default: ${shown(value)} is not a setting: each is a line \`name: value\` below \`default:\`, indented`,
      );
    else if (name === 'default' || stageGrammar.test(name)) blocks[name] = value ?? {};
    else faults.push(`${named(name)}: is not a name of a stage: ${stageRule}`);
  if (misplaced.length > 0) {
    blocks.default = { ...Object.fromEntries(misplaced), ...blocks.default };
    const names = misplaced.map(([name]) => named(name)).join(', ');
    faults.unshift(`${names}: settings do not stand at the top level; indent them below a line \`default:\``);
  }
  return { blocks, faults };
}

const isMisplaced = (name, value) => name !== 'default' && (value !== null || Object.hasOwn(table, name));

const stageRule = 'at most 20 lower case letters, digits and hyphens, a letter first and no hyphen last';

function stageFault(stage) {
  if (stageGrammar.test(stage)) return undefined;
  const near = `${stage}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[-0-9]+|-+$/g, '');
  const guess = stageGrammar.test(near) ? `; did you mean --stage ${near}?` : '';
  return `--stage ${named(`${stage}`)} is not a name of a stage: ${stageRule}${guess}`;
}

/** As it is written; `undefined` if it is not set. */
function settingOf(stage, name) {
  const { blocks } = readFile();
  return blocks[stage]?.[name] ?? blocks.default?.[name] ?? undefined;
}

/** The region that the settings name, or the default; settings.cjs reports a wrong one. */
function regionOf(stage, params = []) {
  const given = params.filter((param) => param.startsWith('region=')).at(-1);
  const region = given?.slice('region='.length) ?? settingOf(stage, 'region');
  return table.region.kind.schema.safeParse(region).data ?? table.region.default;
}

module.exports = {
  readFile,
  regionOf,
  settingOf,
  stageFault,
  /** Only a map can be a block; settings.cjs reports anything else. */
  blocks: () => readFile().blocks,
  /** The region of a stage: the packager must know it before it reads its parameters. */
  region: async ({ options, resolveConfigurationProperty }) =>
    regionOf(options.stage ?? (await resolveConfigurationProperty(['provider', 'stage'])), options.param ?? []),
};
