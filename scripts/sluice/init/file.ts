import { renameSync, rmSync, writeFileSync } from 'node:fs';

const { load } = require('js-yaml') as { load: (yaml: string) => unknown };

/** What `init` asks for; each by the name of its setting. */
export type Answers = {
  readonly domain: string;
  readonly hostedZoneId: string;
  readonly acceptTerms: boolean;
  readonly region: string;
  readonly contact: string;
  readonly proxyInstanceType: string;
};

export const terms = 'https://letsencrypt.org/repository/';

/** The file as a person would write it. */
export const textOf = ({ domain, hostedZoneId, acceptTerms, region, contact, proxyInstanceType }: Answers): string =>
  `# Written by \`npx sluice init\`. settings.example.yml lists all other settings, and explains each.
default:
  # The domain of your services, and the hosted zone of Route 53 that holds it.
  domain: ${scalar(domain)}
  hostedZoneId: ${scalar(hostedZoneId)}
  # Whether you accept the terms of the certificate authority: ${terms}
  acceptTerms: ${acceptTerms}
  region: ${scalar(region)}
  # For the certificate authority. Alarms are mailed there too, unless alarmEmail names another address.
  contact: ${scalar(contact)}
  proxyInstanceType: ${scalar(proxyInstanceType)}
`;

/** In quotation marks where YAML would read something else. */
function scalar(value: string): string {
  const isPlain = /^[^\s#:'"&*!|>%@`,[\]{}?-][^\s#:]*$/.test(value) && load(value) === value;
  return isPlain ? value : JSON.stringify(value);
}

/** Writes a file beside it first, so that there is never half of it. */
export function writeWhole(path: string, text: string): void {
  const beside = `${path}.${process.pid}`;
  try {
    writeFileSync(beside, text, { flag: 'wx' });
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}
