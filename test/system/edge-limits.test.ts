import { type Door, openDoor } from './edge';

jest.setTimeout(30_000);

let door: Door;
beforeAll(async () => {
  door = await openDoor({ shop: 'shop.example' });
});
afterAll(() => door.close());
beforeEach(() => door.forget());

const fields = (count: number, size: number) => Array.from({ length: count }, (_, n) => [`x-${n}`, 'x'.repeat(size)]);
const ask1 = (count: number, size: number, path = '/') =>
  door.get(
    'shop.example',
    path,
    fields(count, size).map((field) => field.join(': ')),
  );
const ask2 = (count: number, size: number, path = '/') =>
  door.ask2({ ':path': path, ...Object.fromEntries(fields(count, size)) });

/** What README promises: 15 kB, and somewhat less than 200 fields, for HAProxy adds its own. */
const taken = [
  [1, 14_500],
  [180, 60],
] as const;
const tooMuch = [
  [1, 16_500],
  [1, 60_000],
  [400, 5],
] as const;

describe('headers of a request', () => {
  it.each(taken)('%d of %d bytes reach the task', async (count, size) => {
    expect(await ask1(count, size)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ask2(count, size)).toMatchObject({ status: 200 });

    for (const { headers } of door.reached()) expect(headers.filter((line) => /^x-\d/.test(line))).toHaveLength(count);
  });

  it.each(tooMuch)(
    '%d of %d bytes are refused as too many or as no request, and nobody else is hurt',
    async (count, size) => {
      // HAProxy's own page, which no configuration changes.
      expect(await ask1(count, size)).toMatch(/^HTTP\/1\.1 (400 Bad request|431 Request Header Fields Too Large)\r\n/);
      expect((await ask2(count, size)).status).not.toBe(200);
      expect(await ask1(1, 1)).toMatch(/^HTTP\/1\.1 200 /);

      expect(door.reached()).toHaveLength(1);
    },
  );
});

describe('headers of an answer', () => {
  it.each([
    [1, 14_500],
    [110, 60],
  ])('%d of %d bytes reach the client', async (count, size) => {
    const path = `/answer/${count}x${size}`;

    expect((await ask1(0, 0, path)).match(/^y-\d+: y+\r$/gm)).toHaveLength(count);
    expect(await ask2(0, 0, path)).toStrictEqual({ status: 200, body: 'shop' });
  });

  it.each(tooMuch)('%d of %d bytes are a 502 that says so', async (count, size) => {
    const path = `/answer/${count}x${size}`;
    const words = 'broke off its answer, or it sent more headers than this server takes';

    expect(await ask1(0, 0, path)).toMatch(new RegExp(`^HTTP/1\\.1 502 [\\s\\S]*${words}`));
    expect(await ask2(0, 0, path)).toMatchObject({ status: 502, body: expect.stringContaining(words) });
  });
});

it('a machine with larger buffers takes headers of 30 KB, in a request and in an answer', async () => {
  await door.close();
  door = await openDoor({ shop: 'shop.example' }, { told: { SLUICE_BUFFER_BYTES: '32768' } });

  expect(await ask1(2, 15_000)).toMatch(/^HTTP\/1\.1 200 /);
  expect((await ask1(0, 0, '/answer/2x15000')).match(/^y-\d+: y+\r$/gm)).toHaveLength(2);
});
