import { door, doorForAll } from './edge';

doorForAll({ shop: 'shop.example' });

/** Header fields of a size, as `<number>x<bytes>`. */
const fields = (size: string) => {
  const [count = 0, bytes = 0] = size.split('x').map(Number);
  return Array.from({ length: count }, (_, n) => [`x-${n}`, 'x'.repeat(bytes)]);
};
const ask1 = (size: string, path = '/') => {
  const lines = fields(size).map((field) => field.join(': '));
  return door.get('shop.example', path, lines);
};
const ask2 = (size: string, path = '/') => door.ask2({ ':path': path, ...Object.fromEntries(fields(size)) });
const tooMuch = ['1x16500', '1x60000', '400x5'];

describe('headers of a request', () => {
  // README: 15 kB, and somewhat less than 200 fields, for HAProxy adds its own.
  it.each(['1x14500', '180x60'])('%s bytes reach the task', async (size) => {
    expect(await ask1(size)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ask2(size)).toMatchObject({ status: 200 });

    for (const { headers } of door.reached())
      expect(headers.filter((line) => /^x-\d/.test(line))).toHaveLength(fields(size).length);
  });

  it.each(tooMuch)('%s bytes are refused, and other clients are served', async (size) => {
    // HAProxy's own page, which no configuration changes.
    expect(await ask1(size)).toMatch(/^HTTP\/1\.1 (400 Bad request|431 Request Header Fields Too Large)\r\n/);
    expect((await ask2(size)).status).not.toBe(200);
    expect(await ask1('1x1')).toMatch(/^HTTP\/1\.1 200 /);

    expect(door.reached()).toHaveLength(1);
  });
});

describe('headers of an answer', () => {
  it.each(['1x14500', '110x60'])('%s bytes reach the client', async (size) => {
    expect((await ask1('', `/answer/${size}`)).match(/^y-\d+: y+\r$/gm)).toHaveLength(fields(size).length);
    expect(await ask2('', `/answer/${size}`)).toStrictEqual({ status: 200, body: 'shop' });
  });

  it.each(tooMuch)('%s bytes are a 502 that says so', async (size) => {
    const words = 'broke off its answer, or it sent more headers than this server accepts';

    expect(await ask1('', `/answer/${size}`)).toMatch(new RegExp(`^HTTP/1\\.1 502 [\\s\\S]*${words}`));
    expect(await ask2('', `/answer/${size}`)).toMatchObject({ status: 502, body: expect.stringContaining(words) });
  });
});

describe('on a machine with larger buffers', () => {
  doorForAll({ shop: 'shop.example' }, { told: { SLUICE_BUFFER_BYTES: '32768' } });

  it('headers of 30 KB pass, in a request and in an answer', async () => {
    expect(await ask1('2x15000')).toMatch(/^HTTP\/1\.1 200 /);
    expect((await ask1('', '/answer/2x15000')).match(/^y-\d+: y+\r$/gm)).toHaveLength(2);
  });
});
