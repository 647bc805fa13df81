// Runs checks in parallel. All faults are reported at once; a check that is not permitted stops no other.
const { blocked, refused } = require('./refusals.cjs');
const { located } = require('./region.cjs');

/**
 * @param looks pairs of a name and a check, which returns sentences, or none if all is well
 * @returns the faults, and the checks that could not run
 * @throws when AWS answers no call at all, and faults of the program
 */
async function lookAt(looks, region, not = 'not looked at') {
  const found = looks.map(async ([what, look]) => {
    try {
      return { faults: (await look()) ?? [] };
    } catch (error) {
      const why = refused(error);
      if (blocked(error, region) !== undefined || why === undefined) throw error;
      return { unseen: [`${not}: ${what}, because ${why}`] };
    }
  });
  const all = await Promise.all(found);
  const words = (kind) => all.flatMap((each) => each[kind] ?? []).map((each) => located(each, region));
  return { faults: words('faults'), unseen: words('unseen') };
}

module.exports = { lookAt };
