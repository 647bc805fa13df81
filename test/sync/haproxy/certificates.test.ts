import { execFileSync } from 'node:child_process';

import { serveCertificates } from '../../../lib/sync/haproxy/certificates';
import type { Haproxy } from '../../../lib/sync/haproxy/master';

const words =
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=a.com -keyout - -out -';
const pem = execFileSync('openssl', words.split(' '), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const folder = '/live/certificates';

/** A HAProxy without certificates that answers each command as told, else with nothing. */
function haproxy(answers: Readonly<Record<string, string>>) {
  const sent: string[] = [];
  const reply = async (_: number, command: string) => {
    sent.push(command);
    return Object.entries(answers).find(([start]) => command.startsWith(start))?.[1] ?? '\n';
  };
  const played: Haproxy = { master: async () => '', reload: async () => '', worker: reply };
  return { played, sent: () => sent.map((command) => command.split('\n', 1)[0]) };
}

const serve = (played: Haproxy) =>
  serveCertificates(played, { pid: 7 }, folder, [{ name: 'a.com.pem', text: pem }], []);

describe('a certificate that HAProxy refuses', () => {
  const created = { 'new ssl cert': `New empty certificate store '${folder}/a.com.pem'!\n` };

  it('is a fault that holds no line of it, though HAProxy echoes them', async () => {
    const { played } = haproxy({ ...created, 'set ssl cert': `Unknown command: '${pem}'\n` });

    const { changed, faults } = await serve(played);

    expect(changed).toStrictEqual([]);
    expect(faults).toStrictEqual([expect.stringMatching(/^HAProxy refused "set ssl cert" for .*a\.com\.pem; /)]);
    for (const line of pem.trim().split('\n')) expect(faults[0]).not.toContain(line);
  });

  it('leaves no transaction open, which would refuse every later one', async () => {
    const { played, sent } = haproxy({ ...created, 'set ssl cert': '', 'commit ssl cert': '' });

    await serve(played);

    expect(sent().at(-1)).toBe(`abort ssl cert ${folder}/a.com.pem`);
  });

  it('is refused too when HAProxy answers nothing, as 2.6 does to what is too long', async () => {
    const { played } = haproxy({ ...created, 'set ssl cert': '' });

    expect((await serve(played)).faults.length).toBe(1);
  });

  it('that was left open by a killed sync is aborted first', async () => {
    const { played, sent } = haproxy({ 'show ssl cert': `# transaction\n*${folder}/b.com.pem\n# filename\n` });

    await serve(played);

    expect(sent().slice(0, 2)).toStrictEqual(['show ssl cert', `abort ssl cert ${folder}/b.com.pem`]);
  });
});
