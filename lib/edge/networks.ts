const most = 200;

/** HAProxy takes 64 words a line. */
const mostOfLine = 30;

export const networksRight = `a list of at most ${most} addresses and networks such as 203.0.113.7, 10.0.0.0/8 or 2001:db8::/32, where all bits after the prefix are 0`;

/** Returns addresses and networks in their shortest form, each once, sorted. */
export function readNetworks(text: string): string | undefined {
  const networks = [...new Set(text.split(',').map((each) => readNetwork(each.trim())))];
  return networks.includes(undefined) || networks.length > most ? undefined : networks.sort().join();
}

export function clientLines(acl: string, networks: string): readonly string[] {
  const all = networks.split(',');
  const lines = Array.from({ length: Math.ceil(all.length / mostOfLine) }, (_, line) =>
    all.slice(line * mostOfLine, (line + 1) * mostOfLine),
  );
  return lines.map((some) => `acl ${acl} src ${some.join(' ')}`);
}

function readNetwork(text: string): string | undefined {
  const [, written = '', digits] = /^([\da-f.:]{2,39})(?:\/(\d|[1-9]\d\d?))?$/i.exec(text) ?? [];
  const address = written.includes(':') ? shortest(written) : written;
  const bits = address.includes(':') ? ipv6Bits(address) : ipv4Bits(address);
  const prefix = Number(digits ?? bits.length);
  if (bits === '' || prefix > bits.length || bits.slice(prefix).includes('1')) return undefined;
  return prefix === bits.length ? address : `${address}/${prefix}`;
}

/** As browsers write it (RFC 5952), or nothing. */
function shortest(ipv6: string): string {
  const url = `http://[${ipv6}]`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : '';
}

const binary = (numbers: readonly number[], width: number): string =>
  numbers.map((number) => number.toString(2).padStart(width, '0')).join('');

function ipv4Bits(address: string): string {
  const bytes = address.split('.').map(Number);
  const isRight = bytes.length === 4 && bytes.join('.') === address && bytes.every((byte) => byte < 256);
  return isRight ? binary(bytes, 8) : '';
}

/** Danger: HAProxy takes an IPv4 address for one of `::ffff:0:0/96`, so that `::/0` would be every client. */
function ipv6Bits(address: string): string {
  if (address.startsWith('::') && address !== '::1') return '';
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return binary(
    [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16)),
    16,
  );
}
