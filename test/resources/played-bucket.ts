import type { IncomingMessage } from 'node:http';

import type { Reply } from './played-aws';

const name = 'sluice-bucket';
const long = new Date('2026-01-01T00:00:00Z');

/** The packager's bucket and its functions, as it compares them: what was uploaded, and that the functions are newer. */
export function playedBucket() {
  const objects = new Map<string, string>();
  return {
    objects,
    answer: ({ method, url = '', headers }: IncomingMessage): Reply | undefined => {
      if (url.startsWith('/2015-03-31/functions/'))
        return [200, JSON.stringify({ Configuration: { LastModified: new Date().toISOString() } })];
      if (!url.startsWith(`/${name}`)) return undefined;
      const key = decodeURIComponent(url.replace(/\?.*/, '').slice(name.length + 2));
      if (method === 'PUT') {
        objects.set(key, String(headers['x-amz-meta-filesha256']));
        return [200, '', { etag: '"1"' }];
      }
      if (method === 'HEAD')
        return [200, '', { 'x-amz-meta-filesha256': objects.get(key) ?? '', 'x-amz-bucket-region': 'eu-west-2' }];
      if (method === 'GET') return [200, listed([...objects.keys()])];
      return undefined;
    },
  };
}

const listed = (keys: readonly string[]): string =>
  `<ListBucketResult><Name>${name}</Name><IsTruncated>false</IsTruncated>${keys
    .map((key) => `<Contents><Key>${key}</Key><LastModified>${long.toISOString()}</LastModified></Contents>`)
    .join('')}</ListBucketResult>`;
