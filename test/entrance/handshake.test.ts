import { execFile, execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import { promisify } from 'node:util';

import { build } from 'esbuild';

import { handshake, shown } from '../../lib/entrance/handshake';
import { authority } from '../system/authority';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A certificate with its key, for a name and all names below it. */
function made(name: string): string {
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /O=Test/CN=${name} -addext subjectAltName=DNS:${name},DNS:*.${name} -keyout - -out -`;
  return execFileSync('openssl', words.split(' '), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const ask = (port: number, servername = 'example.com', timeoutMs = 5_000) =>
  handshake({ host: '127.0.0.1', port, servername, timeoutMs });

it('tells which certificate is served for the name that was asked for', async () => {
  const [other, wanted] = [made('example.org'), made('example.com')];
  const port = await listening(
    createTlsServer({
      key: other,
      cert: other,
      SNICallback: (name, done) =>
        done(null, createSecureContext(name === 'www.example.com' ? { key: wanted, cert: wanted } : {})),
    }),
  );
  const { serialNumber, validFrom, validTo } = new X509Certificate(wanted);

  expect(await ask(port, 'www.example.com')).toStrictEqual({
    serial: serialNumber,
    issuer: 'O=Test, CN=example.com',
    names: ['example.com', '*.example.com'],
    notBefore: Date.parse(validFrom),
    notAfter: Date.parse(validTo),
  });
});

it('tells what is shown beside it, and whether that holds its issuer', async () => {
  const { key, chain } = authority('ca', 2).issue(['example.com']);
  const [low = '', high = ''] = chain.split(/(?<=-----END CERTIFICATE-----\n)/);
  const seen = (cert: string) =>
    listening(createTlsServer({ key, cert })).then((port) =>
      shown({ host: '127.0.0.1', port, servername: 'example.com', timeoutMs: 5_000 }),
    );
  const prints = [low, high].map((pem) => new X509Certificate(pem).fingerprint256);

  const all = [await seen(key + low + high), await seen(key + high), await seen(key)];

  expect(all.map(({ authorities, isWhole }) => ({ authorities, isWhole }))).toStrictEqual([
    { authorities: prints, isWhole: true },
    { authorities: prints.slice(1), isWhole: false },
    { authorities: [], isWhole: false },
  ]);
});

it('says in words that nobody listens', async () => {
  const port = await listening(createServer());
  await new Promise((resolve) => servers.splice(0)[0]?.close(resolve));

  await expect(ask(port)).rejects.toThrow(
    `127.0.0.1:${port} does not serve example.com by TLS: connect ECONNREFUSED 127.0.0.1:${port}`,
  );
});

it('waits no longer than it was told for one that says nothing', async () => {
  const port = await listening(createServer((socket) => socket.on('error', () => {})));

  await expect(ask(port, 'example.com', 200)).rejects.toThrow('by TLS: no answer within 200 ms');
});

it('says that the other side speaks no TLS, or hung up', async () => {
  const plain = await listening(createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  const curt = await listening(createServer((socket) => void socket.end()));

  await expect(ask(plain)).rejects.toThrow(/by TLS: .*(wrong version number|packet length)/);
  await expect(ask(curt)).rejects.toThrow(/by TLS: (it hung up|Client network socket disconnected)/);
});

it('lets its process end once it knows, also where the other side keeps the connection', async () => {
  const pem = made('example.com');
  const port = await listening(createTlsServer({ key: pem, cert: pem, allowHalfOpen: true }));
  const question = JSON.stringify({ host: '127.0.0.1', port, servername: 'example.com', timeoutMs: 600_000 });
  const contents = `import { handshake, shown } from '../../lib/entrance/handshake';
import { authority } from '../system/authority'; handshake(${question}).then(({ serial }) => console.log(serial));`;
  const bundle = { stdin: { contents, resolveDir: __dirname }, bundle: true, write: false, platform: 'node' } as const;
  const program = (await build(bundle)).outputFiles[0]?.text ?? '';

  const { stdout } = await promisify(execFile)(process.execPath, ['-e', program]);

  expect(stdout.trim()).toBe(new X509Certificate(pem).serialNumber);
});
