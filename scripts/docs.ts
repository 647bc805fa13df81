// `npm run docs`: writes docs/performance.md and docs/reliability.md again, from test/cases/ and docs/measured/.
import { writePages } from './docs/pages';

writePages();
