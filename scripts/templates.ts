// Packages every variant and prints the paths of the templates, for tools that check templates.
import { join } from 'node:path';

import { packaged, type Variant, variants } from './real/package';

for (const variant of Object.keys(variants) as Variant[])
  packaged(variant).then((folder) => console.log(join(folder, 'cloudformation-template-update-stack.json')));
