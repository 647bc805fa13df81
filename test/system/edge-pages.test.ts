import { randomBytes } from 'node:crypto';

import { door, doorForAll } from './edge';

/** As long as a page may be, and gzip cannot make it shorter. */
const long = `<p>"100 %" für $HOME \\ ${randomBytes(9_000).toString('base64')}`.slice(0, 12_200);
const errorPages = { 404: '<p>Nothing\n\there', 503: long };
const answer = (_: string, { url }: { url?: string | undefined }) => (url === '/own' ? 503 : 200);

doorForAll({ shop: 'shop.example', idle: 'idle.example' }, { settings: { errorPages }, answer });

const bodyOf = (answered: string) => Buffer.from(answered.slice(answered.indexOf('\r\n\r\n') + 4), 'latin1').toString();

it('a page of one’s own arrives as it was written, by HTTP/1.1 and by HTTP/2', async () => {
  const [down, unknown] = [await door.get('idle.example'), await door.get('nobody.example')];

  expect(down).toMatch(/^HTTP\/1\.1 503 [\s\S]*\r\nretry-after: 1\r\n/i);
  expect(down).toMatch(/\r\ncontent-type: text\/html; charset=utf-8\r\n/i);
  expect(bodyOf(down)).toBe(errorPages[503]);
  expect(unknown).toMatch(/^HTTP\/1\.1 404 /);
  expect(bodyOf(unknown)).toBe(errorPages[404]);
  expect(await door.ask2({ ':authority': 'idle.example' })).toMatchObject({ status: 503, body: errorPages[503] });
});

it('what a task answers itself passes as it is', async () => {
  expect(await door.ask2({ ':path': '/own' })).toStrictEqual({ status: 503, body: 'shop' });
});
