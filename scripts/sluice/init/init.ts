import { existsSync } from 'node:fs';

import { readCalls } from '../../cost/calls';
import { estimate } from '../../cost/estimate';
import { readOptions, standard } from '../../cost/options';
import { wrapped } from '../../terminal/wrap';
import { answered, clack } from '../ask';
import { priceOfMonth } from '../price';
import { type Choice, type Deps, type Given, type Run, Stop } from '../verb';
import { type Answers, terms, textOf, writeWhole } from './file';
import { holding, publicZones, type Zone, type Zones } from './zones';

const { readSetting } = require('../../../resources/settings/table.cjs') as {
  readSetting: (name: string, value: unknown) => { readonly data?: unknown; readonly faults: readonly string[] };
};
const { check } = require('../../../resources/settings.cjs') as { check: (given: object, where: string) => object };

/** The flags, and the settings that they give. */
const flags = {
  domain: 'domain',
  hostedZoneId: 'hostedZoneId',
  region: 'region',
  email: 'contact',
  size: 'proxyInstanceType',
} as const;
type Name = keyof typeof flags;
const nothing = 'nothing was written';

export const run: Run = async (given, deps) => {
  const path = process.env.SLUICE_SETTINGS || 'settings.yml';
  const { terminal } = deps;
  if (existsSync(path)) {
    if (!given.force) throw new Stop(`${path} is there already, and init keeps it: edit it, or replace it by --force.`);
    terminal.complain(`This replaces ${path}.`);
  }
  const flagged = readFlags(given);
  const asks = terminal.isInteractive && given.yes !== true;
  const answers = asks ? await asked(flagged, given, deps) : await unasked(flagged, given, deps);
  check(answers, path);
  if (!asks) terminal.say(wrapped(priceOf(answers), terminal.columns, 0));
  write(path, answers);
  const first = answers.acceptTerms ? '' : `set acceptTerms to true in it when you accept ${terms}; then `;
  terminal.say(`Wrote ${path}.`);
  terminal.say(wrapped(`Next: ${first}\`npx sluice check\`, then \`npx sluice deploy\`.`, terminal.columns, 0));
  return 0;
};

function write(path: string, answers: Answers): void {
  try {
    writeWhole(path, textOf(answers));
  } catch (error) {
    throw new Stop(`${path} cannot be written, so ${nothing}: ${(error as Error).message}. Check its folder.`);
  }
}

type Flagged = Partial<Readonly<Record<Name, string>>>;

/** Checks each flag by the schema of its setting. @throws Stop, with the fault of each */
function readFlags(given: Given): Flagged {
  const names = (Object.keys(flags) as Name[]).filter((name) => typeof given[name] === 'string' && given[name] !== '');
  const faults = names.flatMap((name) => {
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return readSetting(flags[name], given[name]).faults.map((each) => each.replace(/^\w+:/, `--${flag}:`));
  });
  if (faults.length > 0)
    throw new Stop(`Correct ${faults.length > 1 ? 'these' : 'this'}:\n  ${faults.join('\n  ')}`, 2);
  return Object.fromEntries(names.map((name) => [name, `${readSetting(flags[name], given[name]).data}`]));
}

const sizeOf = ({ size = standard.proxyType }: Flagged) => size;

/** @throws Stop, which names every flag that is missing */
async function unasked(flagged: Flagged, given: Given, deps: Deps): Promise<Answers> {
  const { domain, region = standard.region, email } = flagged;
  const missing = [
    ...(domain === undefined ? ['--domain'] : []),
    ...(given.acceptTerms === true
      ? []
      : [`--accept-terms (it means that you accept the terms of Let's Encrypt, ${terms})`]),
  ];
  if (domain === undefined || missing.length > 0)
    throw new Stop(`Nothing is asked here, so these are missing: ${missing.join(', and ')}.`, 2);
  const hostedZoneId = flagged.hostedZoneId ?? onlyZone(domain, await publicZones(deps, region));
  const contact = email ?? `hostmaster@${domain}`;
  return { domain, hostedZoneId, acceptTerms: true, region, contact, proxyInstanceType: sizeOf(flagged) };
}

function onlyZone(domain: string, { zones, unseen }: Zones): string {
  if (unseen !== undefined)
    throw new Stop(`The hosted zones of the account could not be listed: ${unseen} Or name it by --hosted-zone-id.`);
  const [zone, ...others] = holding(domain, zones);
  if (zone === undefined)
    throw new Stop(
      `This account has no public hosted zone that holds ${domain}: create one, or name it by --hosted-zone-id.`,
      2,
    );
  if (others.length === 0) return zone.id;
  const all = [zone, ...others].map(({ id, says }) => `${id} (${says})`);
  throw new Stop(`${zone.name} has several public hosted zones: name one by --hosted-zone-id: ${all.join(', ')}.`, 2);
}

async function asked(flagged: Flagged, given: Given, deps: Deps): Promise<Answers> {
  const { terminal, questions = clack } = deps;
  const text = (asks: string, name: keyof Answers, proposed: string) =>
    answered(
      questions.text(asks, proposed, (answer) => readSetting(name, answer).faults[0]),
      nothing,
    ).then((answer) => `${readSetting(name, answer).data}`);
  const needsZones = flagged.domain === undefined || flagged.hostedZoneId === undefined;
  const account = needsZones ? await publicZones(deps, flagged.region ?? standard.region) : { zones: [] };
  if (account.unseen !== undefined)
    terminal.complain(`The hosted zones of the account could not be listed: ${account.unseen}`);
  const domain =
    flagged.domain ??
    (await text('Which domain do your services have?', 'domain', await zoneName(account.zones, deps)));
  const hostedZoneId =
    flagged.hostedZoneId ??
    (await zoneId(domain, account.zones, deps)) ??
    (await text(`What is the id of the hosted zone of ${domain}?`, 'hostedZoneId', ''));
  const region = flagged.region ?? (await text('Which region of AWS?', 'region', standard.region));
  const mail = 'Which e-mail address do alarms and the certificate authority write to?';
  const contact = flagged.email ?? (await text(mail, 'contact', `hostmaster@${domain}`));
  const proxyInstanceType =
    flagged.size ?? (await answered(questions.choose('Which size of proxy?', sizes(region)), nothing));
  const answers = { domain, hostedZoneId, region, contact, proxyInstanceType };
  terminal.say(wrapped(priceOf(answers), terminal.columns, 0));
  const accept = `Certificates come from Let's Encrypt. Do you accept its terms (${terms})?`;
  return {
    ...answers,
    acceptTerms: given.acceptTerms === true || (await answered(questions.confirm(accept), nothing)),
  };
}

/** The name of the zone that the person chooses, or '' to type a domain. */
async function zoneName(zones: readonly Zone[], { questions = clack }: Deps): Promise<string> {
  const names = [...new Set(zones.map(({ name }) => name))];
  if (names.length < 2) return names[0] ?? '';
  const choices = names.map((name) => ({ value: name, label: name }));
  return answered(questions.choose('In which hosted zone?', choices), nothing);
}

async function zoneId(
  domain: string,
  zones: readonly Zone[],
  { questions = clack }: Deps,
): Promise<string | undefined> {
  const [zone, ...others] = holding(domain, zones);
  if (zone === undefined || others.length === 0) return zone?.id;
  const choices = [zone, ...others].map(({ id, says }) => ({ value: id, label: id, hint: says }));
  return answered(questions.choose(`${zone.name} has several hosted zones. Which one?`, choices), nothing);
}

/** Each size with its price, and with what it holds. */
function sizes(region: string): readonly Choice[] {
  const near = hasPrices(region) ? region : standard.region;
  const { proxySizes } = estimate(readOptions({ region: near }), readCalls());
  const there = near === region ? '' : ` in ${near}`;
  return proxySizes.map(({ type, monthly, connections }) => ({
    value: type,
    label: `${type.padEnd(10)} $${monthly.toFixed(2)} a month${there}, ${connections} connections at a time`,
  }));
}

function hasPrices(region: string): boolean {
  try {
    return estimate(readOptions({ region }), readCalls()).bills.length > 0;
  } catch {
    return false;
  }
}

const priceOf = ({ region, proxyInstanceType }: Pick<Answers, 'region' | 'proxyInstanceType'>): string =>
  priceOfMonth({ ...standard, region, proxyType: proxyInstanceType });
