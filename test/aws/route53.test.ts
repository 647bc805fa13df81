import { name, renewStage } from './renew-stage';

it('returns no record set for a name that has none, though others follow', async () => {
  const { zones, id } = await renewStage();
  expect(await zones.readText(id, '_acme-challenge.a.example.com')).toBeUndefined();
  expect(await zones.readText(id, name)).toStrictEqual({ name, ttlSeconds: 60, values: ['"a"'] });
});

it.each([
  ['creating what is there', { action: 'CREATE', set: { name, ttlSeconds: 60, values: ['"b"'] } }],
  ['deleting what is not', { action: 'DELETE', set: { name: 'c.example.com', ttlSeconds: 60, values: ['"b"'] } }],
  ['deleting what became another', { action: 'DELETE', set: { name, ttlSeconds: 60, values: ['"b"'] } }],
] as const)('%s is a change that came too late, and no error', async (_, change) => {
  const { zones, id } = await renewStage();

  expect(await zones.change(id, [change])).toBeUndefined();
});
