// The settings, checked all at once before anything is packaged.
const { derive, isArm } = require('./derived.cjs');
const { readFile, stageFault } = require('./settings/file.cjs');
const { mostCharacters, readSetting, table } = require('./settings/table.cjs');
const { shown, unknown } = require('./settings/words.cjs');

const names = Object.keys(table);
const needed = names.filter((name) => table[name].isNeeded);

/** Reads the given settings one by one. Returns the values of the right ones, and a line for each fault. */
function parse(given) {
  const read = {};
  const faults = [];
  for (const name of names) {
    const { isNeeded, kind, default: otherwise } = table[name];
    if (given[name] === undefined && isNeeded) faults.push(`${name}: is missing; it is ${kind.what}`);
    if (given[name] === undefined && otherwise !== undefined) read[name] = otherwise;
    if (given[name] === undefined) continue;
    const { data, faults: wrong } = readSetting(name, given[name]);
    if (wrong.length === 0) read[name] = data;
    faults.push(...wrong);
  }
  const strangers = Object.keys(given).filter((name) => !names.includes(name));
  faults.push(...strangers.map((name) => unknown(name, given[name], names)));
  faults.push(...contradictions(read, (name) => given[name] !== undefined));
  return { read, faults };
}

const joined = ['vpcId', 'publicSubnetIds', 'clusters'];

/** Faults between settings that are right one by one. @param isGiven also true for a setting that is wrong */
function contradictions(read, isGiven) {
  const missing = joined.filter((name) => !isGiven(name));
  const parted = missing.length < joined.length ? missing : [];
  const faults = parted.map((name) => `${name}: is missing: ${joined.join(', ')} go together`);
  if (missing.length > 0 && isGiven('taskSecurityGroupIds')) faults.push('taskSecurityGroupIds: needs vpcId too');
  if (isGiven('vpcId') && read.helloWorld)
    faults.push('helloWorld: runs only in this stack’s own cluster; remove the setting');
  const hasHello = !isGiven('vpcId') && read.helloWorld !== false;
  if (read.cloudMap && !hasHello) faults.push('cloudMap: needs helloWorld');
  if (read.alb && !hasHello)
    faults.push('alb: needs helloWorld, which it serves; docs/way-up.md says how to serve services of your own');
  if (read.albPercent > 0 && read.alb === false)
    faults.push(`albPercent: ${read.albPercent} needs alb: true, or visitors would be led to nothing`);
  if (read.albPercent > 0 && read.dns === 'none')
    faults.push(`albPercent: ${read.albPercent} needs records; with \`dns: none\` move your own`);
  if (new Set((read.taskInstanceTypes ?? []).map(isArm)).size > 1)
    faults.push('taskInstanceTypes: must all have one processor, Arm (such as t4g.small) or x86 (such as t3a.small)');
  const excess = JSON.stringify([read.certificates ?? [], read.trustedProxies ?? []]).length - mostCharacters;
  if (read.trustedProxies && excess > 0)
    faults.push(
      `trustedProxies: with certificates, they have ${excess} characters too many for a function; use wider ranges`,
    );
  return faults;
}

/** Reads every given setting. @throws one error that names each fault, and what to do. */
function check(given, where, besides = []) {
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== undefined));
  const { read, faults } = parse(set);
  const all = [...besides, ...faults];
  if (all.length === 0) return read;
  throw new Error(`Correct these settings in ${where}; settings.example.yml explains each:\n  ${all.join('\n  ')}`);
}

function nothingFor(stage, missing, { path, blocks, empty }) {
  if (missing.length === 0 || empty) return missing.length > 0 ? empty : undefined;
  const holds = Object.keys(blocks).filter((name) => missing.some((each) => (blocks[name][each] ?? null) !== null));
  if (holds.length === 0) return undefined;
  const what = `${path} has ${missing.join(' and ')} only for stage ${holds.join(', ')}, and this is stage ${stage}`;
  return `${what}: did you mean --stage ${holds[0]}?`;
}

/** A hint, not a fault, because stage `dev` may be meant. */
function notice(stage, { path, blocks }) {
  const others = Object.keys(blocks).filter((name) => name !== 'default');
  if (others.length === 0 || others.includes(stage)) return;
  console.error(
    `This is stage ${stage}: ${path} has no block for it, only for ${others.join(', ')}; choose a stage with --stage.`,
  );
}

/**
 * The settings of a stage, derived.
 *
 * @param resolve the packager's: a value may itself be a variable
 * @throws one error that names each fault, and what to do
 */
async function settingsOf(stage, params = [], resolve = (_, value) => value) {
  const file = readFile();
  const noParam = params.find((param) => !/^[^=]+=./.test(param));
  if (noParam !== undefined) throw new Error(`--param ${shown(noParam)} sets nothing: write --param name=value`);
  const impossible = stageFault(stage) ?? file.fault;
  if (impossible) throw new Error(impossible);
  const given = { ...file.blocks.default, ...file.blocks[stage] };
  for (const param of params) given[param.split('=', 1)[0]] = param.replace(/^[^=]*=/, '').trimEnd();
  const missing = needed.filter((name) => (given[name] ?? null) === null);
  const nothing = nothingFor(stage, missing, file);
  if (nothing) throw new Error(nothing);
  for (const name of names.filter((each) => each in given)) given[name] = await resolve(name, given[name]);
  const settings = check(given, params.length > 0 ? `${file.path} or --param` : file.path, file.faults);
  notice(stage, file);
  return derive(settings, stage);
}

const read = async ({ resolveVariable, resolveConfigurationProperty, options }) =>
  settingsOf(
    options.stage ?? (await resolveConfigurationProperty(['provider', 'stage'])),
    options.param ?? [],
    (name) => resolveVariable(`param:${name}, null`),
  );

/** Without this the packager would wrap the error in its own words. */
module.exports = (context) =>
  read(context).catch((error) => {
    if (error.code === 'MISSING_VARIABLE_DEPENDENCY' || error.constructor !== Error) throw error;
    console.error(`${error.message}`);
    process.exit(1);
  });
Object.assign(module.exports, { check, names, read, settingsOf });
