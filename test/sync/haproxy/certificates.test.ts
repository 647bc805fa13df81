import { serveCertificates, setCertificate } from '../../../lib/sync/haproxy/certificates';
import { selfSigned } from '../../system/self-signed';
import { worker } from '../builders';

const pem = selfSigned('a.com');
const folder = '/live/certificates';
const created = { 'new ssl cert': `New empty certificate store '${folder}/a.com.pem'!\n` };

async function serve(answers: Readonly<Record<string, string>>) {
  const played = worker(answers);
  return { ...(await serveCertificates(played, folder, [{ name: 'a.com.pem', text: pem }], [])), sent: played.sent };
}

it('a refused certificate is a fault that quotes no line of it, though HAProxy echoes them', async () => {
  const { changed, faults } = await serve({ ...created, 'set ssl cert': `Unknown command: '${pem}'\n` });
  expect(changed).toStrictEqual([]);
  expect(faults).toStrictEqual([expect.stringMatching(/^HAProxy refused "set ssl cert" for .*a\.com\.pem; /)]);
  for (const line of pem.trim().split('\n')) expect(faults[0]).not.toContain(line);
});

it('an empty answer, as 2.6 gives to what is too long, is a refusal, and leaves no transaction open', async () => {
  const { faults, sent } = await serve({ ...created, 'set ssl cert': '', 'commit ssl cert': '' });
  expect(faults).toHaveLength(1);
  expect(sent.at(-1)).toBe(`abort ssl cert ${folder}/a.com.pem`);
});

it('a transaction that a killed sync left open is aborted first, and a certificate of another folder is let alone', async () => {
  const { sent } = await serve({ 'show ssl cert': `# transaction\n*${folder}/b.com.pem\n# filename\n/other/c.pem\n` });
  expect(sent.filter((command) => command.startsWith('del '))).toStrictEqual([]);
  expect(sent.slice(0, 2)).toStrictEqual(['show ssl cert', `abort ssl cert ${folder}/b.com.pem`]);
});

it('a command ends with exactly one blank line when the socket adds its newline', () => {
  const sent = `${setCertificate(`${folder}/a.com.pem`, pem)}\n`;
  expect(sent.indexOf('\n\n')).toBe(sent.length - 2);
});
