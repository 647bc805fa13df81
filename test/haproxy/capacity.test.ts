import { renderListable } from '../../lib/haproxy/capacity';
import { printGeneration, sha256 } from '../../lib/haproxy/generation';
import { backend } from '../builders';

const services = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    backend(
      {},
      {
        name: `demo.service-${index}`,
        service: `service-${index}`,
        routes: [{ host: `service-${index}.example.com`, path: '/', since: index }],
      },
    ),
  );

it('renders all that haproxy/current can list', () => {
  expect(renderListable({ backends: services(100), certified: [] }, [])).toMatchObject({ leftOut: [] });
});

it('leaves the youngest out, so that nobody else waits', () => {
  const { files, leftOut } = renderListable({ backends: services(200), certified: [] }, []);
  const pieces = files.map(({ name }) => ({ name, sha256: sha256(`other ${name}`), versions: [99_999] }));

  expect(leftOut.length).toBeGreaterThan(0);
  expect(leftOut.map(({ name }) => name)).toStrictEqual(
    services(200)
      .slice(-leftOut.length)
      .map(({ name }) => name),
  );
  expect(printGeneration({ files: pieces, certificates: [] })).toHaveLength(1);
});
