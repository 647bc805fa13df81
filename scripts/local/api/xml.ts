/** What EC2 speaks, its Query protocol: form fields in, XML out (AWS: EC2 Query API); and what Route 53 speaks, REST with XML. */

/** Reads `Filter.1.Value.2=x` as `{ Filter: [{ Value: [, 'x'] }] }`, holes left out. */
export function parseQuery(body: string): Record<string, unknown> {
  const root: Node = {};
  for (const [key, value] of new URLSearchParams(body)) {
    const words = key.split('.');
    let node = root;
    for (const word of words.slice(0, -1)) {
      node[word] ??= {};
      node = node[word] as Node;
    }
    node[words.at(-1) ?? ''] = value;
  }
  return lists(root) as Record<string, unknown>;
}

type Node = { [key: string]: Node | string };

const lists = (node: Node | string): unknown => {
  if (typeof node === 'string') return node;
  const keys = Object.keys(node);
  if (keys.length > 0 && keys.every((key) => /^\d+$/.test(key))) return Object.values(node).map(lists);
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, lists(value)]));
};

/** An object as EC2's XML: lists become `<item>`s. */
export const toXml = (value: unknown): string => {
  if (Array.isArray(value)) return value.map((item) => `<item>${toXml(item)}</item>`).join('');
  if (typeof value !== 'object' || value === null) return escaped(String(value));
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return fields.map(([name, field]) => `<${name}>${toXml(field)}</${name}>`).join('');
};

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** AWS: Route 53 API reference, 2013-04-01. */
const version = '/2013-04-01';

const routes: readonly (readonly [method: string, path: RegExp, operation: string])[] = [
  ['GET', /^\/hostedzone\/(\w+)$/, 'route53:GetHostedZone'],
  ['GET', /^\/hostedzone\/(\w+)\/rrset$/, 'route53:ListResourceRecordSets'],
  ['POST', /^\/hostedzone\/(\w+)\/rrset\/?$/, 'route53:ChangeResourceRecordSets'],
  ['GET', /^\/change\/(\w+)$/, 'route53:GetChange'],
];

export const isRest = (url: string): boolean => url.startsWith(`${version}/`);

/** The operation as IAM names it, with the id of the path, the query and the changes of the body as its input. */
export function parseRest(method: string, url: string, body: string): { operation: string; input: unknown } {
  const { pathname, searchParams } = new URL(url, 'http://local');
  const path = pathname.slice(version.length);
  for (const [verb, pattern, operation] of routes) {
    const [, Id] = (verb === method && pattern.exec(path)) || [];
    if (Id === undefined) continue;
    return { operation, input: { Id, ...Object.fromEntries(searchParams), ...(body && { Changes: changesIn(body) }) } };
  }
  return { operation: `route53:${method} ${path}`, input: {} };
}

const changesIn = (xml: string) =>
  every(xml, 'Change').map((change) => ({
    Action: one(change, 'Action'),
    ResourceRecordSet: {
      ...objectIn((every(change, 'ResourceRecordSet')[0] ?? '').replace(/<ResourceRecords>.*<\/ResourceRecords>/s, '')),
      TTL: Number(one(change, 'TTL')),
      Values: every(change, 'Value').map(plain),
    },
  }));

type Xml = { readonly [tag: string]: string | Xml };
const objectIn = (xml: string): Xml =>
  Object.fromEntries(
    Array.from(xml.matchAll(/<(\w+)>(.*?)<\/\1>/gs), ([, tag = '', inner = '']) => [
      tag,
      inner.includes('<') ? objectIn(inner) : plain(inner),
    ]),
  );

const every = (xml: string, tag: string): readonly string[] =>
  Array.from(xml.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g')), ([, content = '']) => content);
const one = (xml: string, tag: string): string => plain(every(xml, tag)[0] ?? '');

const entities: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  amp: '&',
  '#34': '"',
  '#39': "'",
};
const plain = (text: string): string => text.replace(/&(#?\w+);/g, (whole, name) => entities[name] ?? whole);

/** An answer; the elements of a list are named by its singular: `<NameServers><NameServer>`. */
export const restXml = (output: object): string =>
  `<?xml version="1.0"?><Response xmlns="https://route53.amazonaws.com/doc/2013-04-01/">${fields(output)}</Response>`;

export const restError = (code: string, message: string): string =>
  `<?xml version="1.0"?><ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type>${fields({ Code: code, Message: message })}</Error></ErrorResponse>`;

const fields = (output: object): string =>
  Object.entries(output)
    .map(([name, value]) => `<${name}>${content(name, value)}</${name}>`)
    .join('');

function content(name: string, value: unknown): string {
  if (Array.isArray(value)) {
    const item = name.replace(/s$/, '');
    return value.map((each) => `<${item}>${content(item, each)}</${item}>`).join('');
  }
  if (typeof value === 'object' && value !== null) return fields(value);
  return String(value).replace(/[&<>"]/g, (mark) => `&${{ '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' }[mark]};`);
}
