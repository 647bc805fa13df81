// CAA records say which authorities may issue for a name (RFC 8659). An authority that they do not name refuses.
const { answers } = require('./delegation.cjs');

/** Let's Encrypt's name; that of another directory is unknown here, so it is not checked. */
const issuer = 'letsencrypt.org';

/** Faults for the certificates' names for which the authority may not issue. */
async function caaFaults(dns, { acmeDirectory, certificates }) {
  if (!['production', 'staging'].includes(acmeDirectory)) return [];
  const known = new Map();
  const at = (name) => {
    if (!known.has(name)) known.set(name, answers(dns.resolveCaa(name), `the CAA records of ${name}`));
    return known.get(name);
  };
  const names = [...new Set(certificates.flat())];
  const found = await Promise.all(
    names.map(async (name) => ({ name, ...(await nearest(at, name.replace(/^\*\./, ''))) })),
  );
  return found.filter(({ name, records }) => !admits(records, name.startsWith('*.'))).map(fault);
}

/** Finds the nearest name, from here upwards, that has CAA records; only its records count. */
async function nearest(at, where) {
  const records = await at(where);
  const above = where.slice(where.indexOf('.') + 1);
  return records.length > 0 || !where.includes('.') ? { where, records } : nearest(at, above);
}

/** `issuewild` counts for wildcards; without it, and for all other names, `issue` counts. */
function admits(records, isWildcard) {
  const valuesOf = (property) => records.map((record) => record[property]).filter((value) => value !== undefined);
  const wild = isWildcard ? valuesOf('issuewild') : [];
  const values = wild.length > 0 ? wild : valuesOf('issue');
  return values.length === 0 || values.some((value) => value.split(';', 1)[0].trim().toLowerCase() === issuer);
}

const fault = ({ name, where }) =>
  `CAA records of ${where} do not let ${issuer} issue for ${name}: add \`0 ${name.startsWith('*.') ? 'issuewild' : 'issue'}` +
  ` "${issuer}"\` there`;

module.exports = { caaFaults };
