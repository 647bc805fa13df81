// Writes the user data of every variant's proxies into a folder, as cloud-init would get it, for tools that check it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readStack } from './local/package/stack';
import { packaged, type Variant, variants } from './real/package';

const [, , folder = '.'] = process.argv;

for (const variant of Object.keys(variants) as Variant[])
  packaged(variant).then((of) => {
    for (const { AutoScalingGroupName, userData } of readStack(of, 'http://127.0.0.1').groups)
      writeFileSync(join(folder, `${variant}-${AutoScalingGroupName}`), userData);
  });
