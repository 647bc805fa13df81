/** DNS messages, as far as the zones of the local world need them (RFC 1035). */
export const types: Readonly<Record<string, number>> = { A: 1, NS: 2, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28, CAA: 257 };
export const codes = { found: 0, failed: 2, noSuchName: 3 };

export type Question = {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  /** Bytes that the asker takes by UDP (RFC 6891). */
  readonly size: number;
  readonly raw: Buffer;
};

export type Resource = { readonly name: string; readonly type: string; readonly ttl: number; readonly data: string };

/** @throws for what is no question with one name. */
export function readQuestion(message: Buffer): Question {
  const labels: string[] = [];
  let at = 12;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.subarray(at + 1, at + 1 + length).toString('latin1'));
    at += 1 + length;
  }
  const type = message.readUInt16BE(at + 1);
  const end = at + 5;
  // The additional section's only record is EDNS: a root name, type 41, and the size where others have a class.
  const hasEdns = message.readUInt16BE(10) === 1 && message.length >= end + 5 && message.readUInt16BE(end + 1) === 41;
  return {
    id: message.readUInt16BE(0),
    name: labels.join('.').toLowerCase(),
    type: Object.keys(types).find((name) => types[name] === type) ?? String(type),
    size: hasEdns ? message.readUInt16BE(end + 3) : 512,
    raw: message.subarray(12, end),
  };
}

/** An authoritative answer, which any resolver of its asker may take for a recursive one. */
export function writeAnswer({ id, raw }: Question, code: number, answers: readonly Resource[], isCut = false): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  // Response, authoritative, truncated where it is, recursion desired and available.
  header.writeUInt16BE(0x8400 | (isCut ? 0x0200 : 0) | 0x0180 | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(isCut ? 0 : answers.length, 6);
  return Buffer.concat([header, raw, ...(isCut ? [] : answers.map(resource))]);
}

function resource({ name, type, ttl, data }: Resource): Buffer {
  const head = Buffer.alloc(10);
  const body = bytes(type, data);
  head.writeUInt16BE(types[type] ?? 0, 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(ttl, 4);
  head.writeUInt16BE(body.length, 8);
  return Buffer.concat([domain(name), head, body]);
}

function bytes(type: string, data: string): Buffer {
  if (type === 'A') return Buffer.from(data.split('.').map(Number));
  if (type === 'TXT') return Buffer.concat(strings(data).map(counted));
  if (type === 'CAA') return property(data);
  return domain(data);
}

/** `"one" "two"`, as Route 53 holds them. */
const strings = (data: string): readonly string[] =>
  Array.from(data.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, text = '']) => text);

/** `0 issue "example.net"` (RFC 8659, section 4.1). */
function property(data: string): Buffer {
  const [, flags = '', tag = '', value = ''] = /^(\d+) (\w+) "(.*)"$/.exec(data) ?? [];
  return Buffer.concat([Buffer.from([Number(flags)]), counted(tag), Buffer.from(value, 'latin1')]);
}

const counted = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]);
const domain = (name: string): Buffer =>
  Buffer.concat([...name.replace(/\.$/, '').split('.').map(counted), Buffer.from([0])]);
