/** EC2 speaks its Query protocol: form fields in, XML out (AWS: EC2 Query API). */

/** `Filter.1.Value.2=x` as `{ Filter: [{ Value: [, 'x'] }] }`, holes left out. */
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
