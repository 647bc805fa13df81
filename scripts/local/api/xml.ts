/** Reads and writes EC2's Query protocol, form fields in and XML out (AWS: EC2 Query API), and Route 53's REST with XML. */

type Node = { [key: string]: Node | string };

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

const lists = (node: Node | string): unknown => {
  if (typeof node === 'string') return node;
  const keys = Object.keys(node);
  if (keys.length > 0 && keys.every((key) => /^\d+$/.test(key))) return Object.values(node).map(lists);
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, lists(value)]));
};

/** An object as XML; @param itemOf how the elements of a list are called, by the list's name: `item` at EC2. */
export function toXml(value: unknown, itemOf: (list: string) => string = () => 'item', name = ''): string {
  if (Array.isArray(value)) return value.map((each) => toXml({ [itemOf(name)]: each }, itemOf)).join('');
  if (typeof value !== 'object' || value === null) return escaped(String(value));
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return fields.map(([key, field]) => `<${key}>${toXml(field, itemOf, key)}</${key}>`).join('');
}

/** At Route 53 an element is called by its list's singular: `<NameServers><NameServer>`. */
export const singular = (list: string): string => list.replace(/s$/, '');

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** AWS: Route 53 API reference, 2013-04-01. */
const routes: readonly (readonly [request: RegExp, operation: string])[] = [
  [/^GET \/2013-04-01\/hostedzone\/(\w+)$/, 'route53:GetHostedZone'],
  [/^GET \/2013-04-01\/hostedzone\/(\w+)\/rrset$/, 'route53:ListResourceRecordSets'],
  [/^POST \/2013-04-01\/hostedzone\/(\w+)\/rrset\/?$/, 'route53:ChangeResourceRecordSets'],
  [/^GET \/2013-04-01\/change\/(\w+)$/, 'route53:GetChange'],
  // AWS: Lambda API reference, 2015-03-31, where answers are JSON.
  [/^GET \/2015-03-31\/functions\/([\w-]+)\/configuration$/, 'lambda:GetFunctionConfiguration'],
];

export const isRest = (url: string): boolean => /^\/(2013-04-01|2015-03-31)\//.test(url);

/** The operation as IAM names it, with the id of the path, the query and the changes of the body as its input. */
export function parseRest(method: string, url: string, body: string): { operation: string; input: unknown } {
  const { pathname, searchParams } = new URL(url, 'http://local');
  const request = `${method} ${pathname}`;
  const [pattern, operation] = routes.find(([each]) => each.test(request)) ?? [];
  if (!pattern || !operation) return { operation: `route53:${request}`, input: {} };
  const Id = pattern.exec(request)?.[1];
  return { operation, input: { Id, ...Object.fromEntries(searchParams), ...(body && { Changes: changesIn(body) }) } };
}

type Xml = { readonly [tag: string]: string | Xml };

const changesIn = (body: string) =>
  Array.from(body.matchAll(/<Change>.*?<\/Change>/gs), ([change]) => {
    const { Action, ResourceRecordSet } = fieldsIn(change).Change as { Action: string; ResourceRecordSet: Xml };
    const { ResourceRecords: _, TTL, ...set } = ResourceRecordSet;
    const Values = Array.from(change.matchAll(/<Value>(.*?)<\/Value>/gs), ([, value = '']) => plain(value));
    return { Action, ResourceRecordSet: { ...set, TTL: Number(TTL), Values } };
  });

const fieldsIn = (xml: string): Xml =>
  Object.fromEntries(
    Array.from(xml.matchAll(/<(\w+)>(.*?)<\/\1>/gs), ([, tag = '', inner = '']) => [
      tag,
      inner.includes('<') ? fieldsIn(inner) : plain(inner),
    ]),
  );

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
const plain = (text: string): string => text.replace(/&(\w+);/g, (whole, name) => entities[name] ?? whole);
